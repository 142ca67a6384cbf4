import { describe, expect, it } from 'vitest'
import { effectsByToken, percent, shade, shadeOfEffect, visible } from './shading'

const parts = [
  { from: 1, to: 3, effect: 2 },
  { from: 4, to: 5, effect: -1 },
]

describe('shades', () => {
  it('give each token the effect of its part', () => {
    expect(effectsByToken(6, parts)).toEqual([null, 2, 2, null, -1, null])
  })

  it('are relative to the part that matters most, and tell for from against', () => {
    expect(shadeOfEffect(2, parts)).toBe(shade('--series-1', 1))
    expect(shadeOfEffect(-1, parts)).toBe(shade('--series-5', 0.5))
    expect(shadeOfEffect(null, parts)).toBeUndefined()
    expect(shadeOfEffect(0, [])).toBe(shade('--series-1', 0))
  })

  it('stay within what text can be read on', () => {
    expect(shade('--series-1', 7)).toBe(shade('--series-1', 1))
    expect(shade('--series-1', -1)).toBe(shade('--series-1', 0))
  })

  it('show what cannot be seen', () => {
    expect(visible(' a\n')).toBe('␣a↵')
    expect(percent(0.042)).toBe('4.2 %')
    expect(percent(0.97)).toBe('97 %')
  })
})
