import { describe, expect, it } from 'vitest'
import { changeOf, milliseconds, percent, plural, shortCount } from './numbers'

describe('numbers', () => {
  it('chooses the unit of a duration by its size', () => {
    expect([null, 0.034, 2.66, 742.4, 1490, 61_500].map(milliseconds)).toEqual(['–', '0.03 ms', '2.7 ms', '742 ms', '1.49 s', '1 min 2 s'])
  })

  it('never shows a small share as none', () => {
    expect([0, 0.0004, 0.024, 0.5, 1].map(percent)).toEqual(['0 %', '< 0.1 %', '2.4 %', '50 %', '100 %'])
  })

  it('shortens only what is too long to read', () => {
    expect([0, 9_999, 12_345, 3_200_000].map(shortCount)).toEqual(['0', '9,999', '12.3K', '3.2M'])
  })

  it('says how a figure moved, and nothing where there is no comparison', () => {
    expect(changeOf(150, 100)).toEqual({ text: '+50 %', direction: 'up' })
    expect(changeOf(50, 100)).toEqual({ text: '−50 %', direction: 'down' })
    expect(changeOf(2_000, 100)).toEqual({ text: '+19×', direction: 'up' })
    expect(changeOf(0, 0)).toEqual({ text: 'no change', direction: 'flat' })
    expect(changeOf(5, 0)).toBeNull()
  })

  it('writes one thing in the singular', () => {
    expect(plural(1, 'request')).toBe('1 request')
    expect(plural(2_000, 'request')).toBe('2,000 requests')
  })
})
