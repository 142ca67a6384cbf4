import { Skeleton } from '@mantine/core'
import { lazy, Suspense, useMemo } from 'react'
import { count, percent, plural } from '@/shared/format/numbers'
import { dateTimeShort } from '@/shared/format/time'
import type { TimeRange } from '@/shared/state/timeRange'
import { ChartPanel } from '@/shared/ui/charts/ChartPanel'
import type { Overview } from '../api/overview'

const TimeSeriesChart = lazy(() => import('@/shared/ui/charts/TimeSeriesChart'))

function summarise({ series, current }: Overview, range: TimeRange): string {
  if (current.requests === 0) return `No requests: ${range.label.toLowerCase()}.`
  const busiest = series.reduce((best, point) => (point.requests > best.requests ? point : best), series[0] ?? { start_time: 0, requests: 0, errors: 0 })
  return `${plural(current.requests, 'request')} and ${plural(current.errors, 'error')} (${percent(current.errors / current.requests)}); the busiest interval began at ${dateTimeShort(busiest.start_time, range.zone)} with ${plural(busiest.requests, 'request')}.`
}

export function TrafficChart({ overview, range }: { overview: Overview; range: TimeRange }) {
  const times = useMemo(() => overview.series.map(({ start_time }) => start_time), [overview.series])
  const lines = useMemo(
    () => [
      { label: 'Requests', values: overview.series.map(({ requests }) => requests), color: '--series-1' },
      { label: 'Errors', values: overview.series.map(({ errors }) => errors), color: '--series-5', dash: [6, 4] },
    ],
    [overview.series],
  )
  return (
    <ChartPanel
      title="Requests and errors"
      note={range.label}
      summary={summarise(overview, range)}
      table={{
        columns: ['Interval', 'Requests', 'Errors'],
        rows: overview.series.map((point) => [dateTimeShort(point.start_time, range.zone), count(point.requests), count(point.errors)]),
      }}
    >
      <Suspense fallback={<Skeleton height={250} />}>
        <TimeSeriesChart label="Requests and errors" times={times} series={lines} zone={range.zone} />
      </Suspense>
    </ChartPanel>
  )
}
