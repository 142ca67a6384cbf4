import { expect, test } from 'vitest'
import { bytes } from './bytes'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1.0 kB'],
  [15 * 1_024 ** 2, '15 MB'],
  [1.5 * 1_024 ** 3, '1.5 GB'],
  [6_296_013_052, '5.9 GB'],
  [2_000 * 1_024 ** 4, '2000 TB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})
