import { describe, expect, it } from 'vitest'
import { axisTicks } from '@/shared/ui/charts/StackedBars'
import { barsOf, foldReport } from './report'

const usd = (value: string) => ({ value, currency: 'usd' })
const window = { start: 0, end: 172_800 }

describe('the usage report', () => {
  const report = foldReport(
    'model',
    window,
    [
      { start_time: 0, results: [{ model: 'small, fast', input_tokens: 10, output_tokens: 5, num_model_requests: 2 }] },
      { start_time: 86_400, results: [{ model: 'embed', input_tokens: 7, output_tokens: null, num_model_requests: 1 }] },
    ],
    [
      { start_time: 0, results: [{ line_item: 'small, fast, input', amount: usd('0.1') }, { line_item: 'small, fast, output', amount: usd('0.2') }] },
      { start_time: 86_400, results: [{ line_item: 'embed, input', amount: usd('0.05') }] },
    ],
  )

  it('brings the line items of a model together with its tokens, the dearest first', () => {
    expect(report.rows.map(({ group, requests, spend }) => [group, requests, spend.value])).toEqual([
      ['small, fast', 2, '0.3'],
      ['embed', 1, '0.05'],
    ])
    expect(report.rows[1]?.byDay).toEqual({ requests: [0, 1], tokens: [0, 7], spend: [0, 0.05] })
  })

  it('has a total that is the exact sum of its rows', () => {
    expect(report.total).toEqual({ requests: 3, inputTokens: 17, outputTokens: 5, spend: usd('0.35') })
  })

  it('draws the largest groups by themselves and the rest as one', () => {
    const many = foldReport('key', window, [{ start_time: 0, results: Array.from({ length: 9 }, (_, key) => ({ api_key_id: `key_${key}`, num_model_requests: 10 - key })) }], [])
    const bars = barsOf(many, 'requests', (group) => group)
    expect(bars.map(({ name }) => name)).toEqual(['key_0', 'key_1', 'key_2', 'key_3', 'key_4', '4 others'])
    expect(bars.at(-1)?.values).toEqual([5 + 4 + 3 + 2])
  })

  it('chooses round numbers for the axis that hold the largest bar', () => {
    expect(axisTicks(0)).toEqual([0, 1])
    expect(axisTicks(87)).toEqual([0, 50, 100])
    for (const max of [0.0000123, 3, 9.99, 1234]) expect(axisTicks(max).at(-1)).toBeGreaterThanOrEqual(max * 0.999)
  })
})
