import { totalMoney, requestMoney } from '@/shared/format/money'
import { plural, shortCount } from '@/shared/format/numbers'
import { day } from '@/shared/format/time'
import { ChartPanel } from '@/shared/ui/charts/ChartPanel'
import { StackedBars } from '@/shared/ui/charts/StackedBars'
import { barsOf, type Report } from '../api/report'
import type { Measure } from '../search'

const titles: Record<Measure, string> = { spend: 'Spend by day', tokens: 'Tokens by day', requests: 'Requests by day' }

interface UsageChartProps {
  report: Report
  measure: Measure
  nameOf: (group: string) => string
}

export function UsageChart({ report, measure, nameOf }: UsageChartProps) {
  const { currency } = report.total.spend
  const money = (value: number) => requestMoney({ value: String(value), currency })
  const format = measure === 'spend' ? money : shortCount
  const series = barsOf(report, measure, nameOf)
  const days = report.days.map((start) => day(start, 'utc'))
  const whole: Record<Measure, string> = {
    spend: totalMoney(report.total.spend),
    tokens: plural(report.total.inputTokens + report.total.outputTokens, 'token'),
    requests: plural(report.total.requests, 'request'),
  }
  const largest = series[0] ? `; the largest part is ${series[0].name}` : ''
  return (
    <ChartPanel
      title={titles[measure]}
      note={whole[measure]}
      summary={`${titles[measure]}: ${whole[measure]} over ${plural(report.days.length, 'day')} in ${plural(report.rows.length, 'group')}${largest}.`}
      table={{
        columns: ['Day', ...series.map(({ name }) => name)],
        rows: days.map((name, index) => [name, ...series.map(({ values }) => format(values[index] ?? 0))]),
      }}
    >
      <StackedBars label={titles[measure]} categories={days} series={series} format={format} />
    </ChartPanel>
  )
}
