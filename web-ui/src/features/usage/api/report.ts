import type { Money } from '@/shared/api/schemas'
import { sumMoney } from '@/shared/format/money'
import type { TimeWindow } from '@/shared/state/timeRange'
import type { Grouping } from '../search'
import type { Bucket, CostResult, UsageResult } from './usage'

export interface ReportRow {
  /** Model name, project id or key id; empty for calls that have none, such as those of console sessions. */
  group: string
  requests: number
  inputTokens: number
  outputTokens: number
  spend: Money
  byDay: { requests: number[]; tokens: number[]; spend: number[] }
}

export interface Report {
  window: TimeWindow
  days: number[]
  rows: ReportRow[]
  total: Pick<ReportRow, 'requests' | 'inputTokens' | 'outputTokens' | 'spend'>
}

function groupOf(grouping: Grouping, result: UsageResult | CostResult): string {
  switch (grouping) {
    case 'model':
      // A line item reads "model, kind".
      return result.model ?? ('line_item' in result ? (result.line_item ?? '').replace(/, [^,]*$/, '') : '')
    case 'project':
      return result.project_id ?? ''
    case 'key':
      return result.api_key_id ?? ''
  }
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** Brings usage and cost of the same days together, a row for each group, the dearest first. */
export function foldReport(grouping: Grouping, window: TimeWindow, usage: Bucket<UsageResult>[], costs: Bucket<CostResult>[]): Report {
  const days = [...new Set([...usage, ...costs].map(({ start_time }) => start_time))].sort((a, b) => a - b)
  const zeros = () => days.map(() => 0)
  const rows = new Map<string, ReportRow>()
  const amounts = new Map<string, Money[]>()
  const rowOf = (group: string) => {
    const existing = rows.get(group)
    if (existing) return existing
    const row: ReportRow = {
      group,
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      spend: sumMoney([]),
      byDay: { requests: zeros(), tokens: zeros(), spend: zeros() },
    }
    rows.set(group, row)
    return row
  }
  const add = (values: number[], day: number, value: number) => {
    values[day] = (values[day] ?? 0) + value
  }

  for (const { start_time, results } of usage) {
    const day = days.indexOf(start_time)
    for (const result of results) {
      const row = rowOf(groupOf(grouping, result))
      const input = result.input_tokens ?? 0
      const output = result.output_tokens ?? 0
      row.requests += result.num_model_requests
      row.inputTokens += input
      row.outputTokens += output
      add(row.byDay.requests, day, result.num_model_requests)
      add(row.byDay.tokens, day, input + output)
    }
  }
  for (const { start_time, results } of costs) {
    const day = days.indexOf(start_time)
    for (const result of results) {
      const group = groupOf(grouping, result)
      amounts.set(group, [...(amounts.get(group) ?? []), result.amount])
      add(rowOf(group).byDay.spend, day, Number(result.amount.value))
    }
  }
  for (const row of rows.values()) row.spend = sumMoney(amounts.get(row.group) ?? [])

  const sorted = [...rows.values()].sort((a, b) => Number(b.spend.value) - Number(a.spend.value) || b.requests - a.requests)
  return {
    window,
    days,
    rows: sorted,
    total: {
      requests: sum(sorted.map(({ requests }) => requests)),
      inputTokens: sum(sorted.map(({ inputTokens }) => inputTokens)),
      outputTokens: sum(sorted.map(({ outputTokens }) => outputTokens)),
      spend: sumMoney(sorted.map(({ spend }) => spend)),
    },
  }
}

const SHOWN = 5

/** The bars of one measure: the largest groups by themselves, the rest together. */
export function barsOf(report: Report, measure: keyof ReportRow['byDay'], nameOf: (group: string) => string) {
  const ranked = report.rows
    .map((row) => ({ name: nameOf(row.group), values: row.byDay[measure], total: sum(row.byDay[measure]) }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
  const shown = ranked.slice(0, ranked.length > SHOWN + 1 ? SHOWN : SHOWN + 1)
  const rest = ranked.slice(shown.length)
  if (rest.length === 0) return shown
  return [...shown, { name: `${rest.length} others`, values: report.days.map((_, day) => sum(rest.map(({ values }) => values[day] ?? 0))) }]
}
