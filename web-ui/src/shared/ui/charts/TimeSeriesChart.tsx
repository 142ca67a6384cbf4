import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { shortCount } from '@/shared/format/numbers'
import { dateTimeShort, day, timeOfDay, type Zone } from '@/shared/format/time'
import classes from './TimeSeriesChart.module.css'

export interface Series {
  label: string
  values: number[]
  color: string
  dash?: number[]
}

interface TimeSeriesChartProps {
  label: string
  times: number[]
  series: Series[]
  zone: Zone
  height?: number
}

/** Lines over time on a canvas. Arrow keys move the crosshair and say its values; the caller shows the same data as a table. */
export default function TimeSeriesChart({ label, times, series, zone, height = 220 }: TimeSeriesChartProps) {
  const scheme = useComputedColorScheme('light')
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const [index, setIndex] = useState<number | null>(null)
  const [spoken, setSpoken] = useState('')

  useEffect(() => {
    const element = host.current
    if (!element) return
    const token = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
    const days = (times.at(-1) ?? 0) - (times[0] ?? 0) > 2 * 86_400
    const axis = { stroke: token('--ink-soft'), font: `12px ${token('--mantine-font-family')}`, ticks: { show: false } }
    const grid = { stroke: token('--line'), width: 1 }
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false }, points: { size: 7 } },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] } },
        axes: [
          { ...axis, grid: { show: false }, space: 80, size: 28, values: (_, ticks) => ticks.map((at) => (days ? day(at, zone) : timeOfDay(at, zone))) },
          { ...axis, grid, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6], values: (_, ticks) => ticks.map(shortCount) },
        ],
        series: [
          {},
          ...series.map(({ label: name, color, dash }, position) => {
            const stroke = token(color)
            return { label: name, stroke, width: 1.75, dash, points: { show: false }, fill: position === 0 ? `${stroke}22` : undefined }
          }),
        ],
        hooks: { setCursor: [(self) => setIndex(self.cursor.idx ?? null)] },
      },
      [times, ...series.map(({ values }) => values)],
      element,
    )
    plot.current = chart
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    resize.observe(element)
    return () => {
      resize.disconnect()
      chart.destroy()
      plot.current = null
    }
  }, [times, series, zone, height, scheme])

  const describe = (at: number) => `${dateTimeShort(times[at] ?? 0, zone)}: ${series.map((one) => `${one.label} ${shortCount(one.values[at] ?? 0)}`).join(', ')}`

  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step || !plot.current) return
    event.preventDefault()
    const next = Math.min(times.length - 1, Math.max(0, (index ?? (step > 0 ? -1 : times.length)) + step))
    plot.current.setCursor({ left: plot.current.valToPos(times[next] ?? 0, 'x'), top: 10 })
    setSpoken(describe(next))
  }

  const shown = index ?? times.length - 1
  return (
    <div>
      <div className={classes.legend}>
        {series.map((one) => (
          <span key={one.label} className={classes.key}>
            <svg width="22" height="8" aria-hidden>
              <line x1="0" x2="22" y1="4" y2="4" stroke={`var(${one.color})`} strokeWidth="2.5" strokeDasharray={one.dash?.join(' ')} />
            </svg>
            {one.label} <strong>{shortCount(one.values[shown] ?? 0)}</strong>
          </span>
        ))}
        <span className={classes.moment}>{dateTimeShort(times[shown] ?? 0, zone)}</span>
      </div>
      <div ref={host} className={classes.plot} tabIndex={0} role="group" aria-label={`${label}. Arrow keys move through the values.`} onKeyDown={move} />
      <div className={classes.spoken} aria-live="polite">
        {spoken}
      </div>
    </div>
  )
}
