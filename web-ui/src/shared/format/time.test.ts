import { describe, expect, it } from 'vitest'
import { readTimeSearch, resolveWindow } from '@/shared/state/timeRange'
import { ago, dateTime, iso } from './time'

const noon = Date.UTC(2026, 10, 24, 12) / 1_000

describe('time', () => {
  it('shows a moment in the chosen zone and exactly for machines', () => {
    expect(dateTime(noon, 'utc')).toBe('24 Nov, 12:00:00')
    expect(iso(noon)).toBe('2026-11-24T12:00:00Z')
  })

  it('says how long ago in the largest unit that fits', () => {
    expect([20, 300, 7_200, 86_400].map((age) => ago(noon - age, noon))).toEqual(['just now', '5 minutes ago', '2 hours ago', 'yesterday'])
  })

  it('resolves a relative range at the moment it is asked for', () => {
    expect(resolveWindow({ range: '1h' }, noon)).toEqual({ start: noon + 1 - 3_600, end: noon + 1 })
    expect(resolveWindow({ range: 'month' }, noon).start).toBe(Date.UTC(2026, 10, 1) / 1_000)
    expect(resolveWindow({ from: 5, to: 9 }, noon)).toEqual({ start: 5, end: 9 })
  })

  it('reads from the address only what makes sense', () => {
    expect(readTimeSearch({ range: '7d', zone: 'utc', other: 1 })).toEqual({ range: '7d', zone: 'utc' })
    expect(readTimeSearch({ range: 'toString', from: 9, to: 5, zone: 'mars' })).toEqual({})
    expect(readTimeSearch({ from: '1', to: '2' })).toEqual({})
  })
})
