// Runs `npm ci` unless node_modules already holds exactly what package-lock.json asks for.
import { spawnSync } from 'node:child_process'
import { fingerprint, isCurrent, remember } from './fingerprint.mjs'

const stamp = 'node_modules/.postern-lock'
const wanted = fingerprint(['package.json', 'package-lock.json'])

if (!isCurrent(stamp, wanted)) {
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' })
  if (npm.error) {
    console.error(`The console needs npm (Node 20.19 or later): ${npm.error.message}`)
    process.exit(1)
  }
  if (npm.status !== 0) process.exit(npm.status ?? 1)
  remember(stamp, wanted)
}
