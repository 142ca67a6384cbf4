// Prints the gzip size of what the browser loads first (scripts and styles that index.html names) and of each later chunk.
// Fails above the budget, so that a page does not grow unnoticed.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const FIRST_LOAD_BUDGET = 260 * 1024
const CHUNK_BUDGET = 60 * 1024

const html = readFileSync('dist/index.html', 'utf8')
const gzipped = (file) => gzipSync(readFileSync(file)).length
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`

let first = gzipSync(html).length
let failed = false
for (const file of readdirSync('dist/assets').filter((name) => /\.(js|css)$/.test(name))) {
  const size = gzipped(`dist/assets/${file}`)
  const initial = html.includes(`/assets/${file}`)
  if (initial) first += size
  else if (size > CHUNK_BUDGET) failed = true
  console.log(`${kib(size).padStart(10)}  ${initial ? 'first load' : 'on demand '}  ${file}`)
}
console.log(`${kib(first).padStart(10)}  first load in all, budget ${kib(FIRST_LOAD_BUDGET)}`)
if (failed || first > FIRST_LOAD_BUDGET) {
  console.error('The bundle is over its budget.')
  process.exit(1)
}
