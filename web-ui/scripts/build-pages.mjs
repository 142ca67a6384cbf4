// Type-checks and bundles the console into dist/ unless nothing that goes into it has changed.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fingerprint, isCurrent, remember } from './fingerprint.mjs'

const stamp = 'target/pages.sha256'
const wanted = fingerprint(['index.html', 'package-lock.json', 'public', 'src', 'tsconfig.json', 'vite.config.ts'])

if (!isCurrent(stamp, wanted) || !existsSync('dist/index.html')) {
  // Maven only adds to this folder: files of the last build, named by their hash, would stay in the jar.
  rmSync('target/classes/webroot', { recursive: true, force: true })
  const build = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })
  if (build.status !== 0) process.exit(build.status ?? 1)
  remember(stamp, wanted)
}
