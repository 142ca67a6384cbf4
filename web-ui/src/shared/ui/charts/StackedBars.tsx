import { useElementSize } from '@mantine/hooks'
import { useId, useState, type KeyboardEvent } from 'react'
import classes from './StackedBars.module.css'

export interface BarSeries {
  name: string
  values: number[]
}

interface StackedBarsProps {
  label: string
  /** One for each bar, from left to right. */
  categories: string[]
  series: BarSeries[]
  format: (value: number) => string
  height?: number
}

const COLORS = 6
const colorOf = (index: number) => `var(--series-${(index % COLORS) + 1})`
const patterns = ['none', 'diagonal', 'dots', 'cross', 'rows', 'none']
const edges = { top: 10, right: 8, bottom: 24 }
const DIGIT_WIDTH = 7.2

/** Round steps of 1, 2 or 5 times a power of ten, at most five of them. */
export function axisTicks(max: number): number[] {
  if (max <= 0) return [0, 1]
  const raw = max / 4
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw) ?? raw
  const ticks = [0]
  while ((ticks.at(-1) ?? 0) < max * 0.999) ticks.push(ticks.length * step)
  return ticks
}

/** Stacked bars as SVG, told apart by colour and pattern. Arrow keys move from bar to bar and say its values. */
export function StackedBars({ label, categories, series, format, height = 240 }: StackedBarsProps) {
  const { ref, width } = useElementSize()
  const prefix = useId()
  const [active, setActive] = useState<number | null>(null)
  const totals = categories.map((_, bar) => series.reduce((sum, { values }) => sum + (values[bar] ?? 0), 0))
  const ticks = axisTicks(Math.max(...totals, 0))
  const top = ticks.at(-1) ?? 1
  const left = Math.max(40, 16 + DIGIT_WIDTH * Math.max(...ticks.map((tick) => format(tick).length)))
  const margin = { ...edges, left }
  const plotWidth = Math.max(0, width - margin.left - margin.right)
  const plotHeight = height - margin.top - margin.bottom
  const y = (value: number) => margin.top + plotHeight * (1 - value / top)
  const slot = plotWidth / Math.max(1, categories.length)
  const barWidth = Math.min(46, Math.max(3, slot * 0.68))
  const labelEvery = Math.max(1, Math.ceil(52 / Math.max(1, slot)))

  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    setActive(Math.min(categories.length - 1, Math.max(0, (active ?? (step > 0 ? -1 : categories.length)) + step)))
  }
  const describe = (bar: number) =>
    `${categories[bar]}: ${format(totals[bar] ?? 0)}${series.length > 1 ? ` (${series.map(({ name, values }) => `${name} ${format(values[bar] ?? 0)}`).join(', ')})` : ''}`

  return (
    <div>
      <ul className={classes.legend}>
        {series.map(({ name }, index) => (
          <li key={name}>
            <svg width="14" height="14" aria-hidden>
              <rect width="14" height="14" rx="3" fill={colorOf(index)} />
              <rect width="14" height="14" rx="3" fill={`url(#${prefix}-${patterns[index % COLORS]})`} />
            </svg>
            {name}
          </li>
        ))}
      </ul>
      <div
        ref={ref}
        className={classes.plot}
        style={{ height }}
        tabIndex={0}
        role="group"
        aria-label={`${label}. Arrow keys move through the bars.`}
        onKeyDown={move}
        onMouseLeave={() => setActive(null)}
      >
        <svg width={width} height={height} aria-hidden focusable="false">
          <defs>
            <pattern id={`${prefix}-diagonal`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <line x1="0" y1="0" x2="0" y2="6" className={classes.mark} />
            </pattern>
            <pattern id={`${prefix}-dots`} width="6" height="6" patternUnits="userSpaceOnUse">
              <circle cx="2" cy="2" r="1.1" className={classes.dot} />
            </pattern>
            <pattern id={`${prefix}-cross`} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
              <line x1="0" y1="0" x2="0" y2="6" className={classes.mark} />
            </pattern>
            <pattern id={`${prefix}-rows`} width="6" height="5" patternUnits="userSpaceOnUse">
              <line x1="0" y1="0" x2="6" y2="0" className={classes.mark} />
            </pattern>
          </defs>
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} className={classes.grid} />
              <text x={margin.left - 8} y={y(tick)} dy="0.32em" textAnchor="end" className={classes.tick}>
                {format(tick)}
              </text>
            </g>
          ))}
          {categories.map((category, bar) => {
            const x = margin.left + slot * bar + (slot - barWidth) / 2
            let base = 0
            return (
              <g key={category} onMouseEnter={() => setActive(bar)} data-active={bar === active || undefined} className={classes.bar}>
                <rect x={margin.left + slot * bar} y={margin.top} width={slot} height={plotHeight} className={classes.hit} />
                {series.map(({ name, values }, index) => {
                  const value = values[bar] ?? 0
                  const from = base
                  base += value
                  const box = { x, y: y(base), width: barWidth, height: Math.max(0, y(from) - y(base)) }
                  return (
                    value > 0 && (
                      <g key={name}>
                        <rect {...box} fill={colorOf(index)} />
                        <rect {...box} fill={`url(#${prefix}-${patterns[index % COLORS]})`} />
                      </g>
                    )
                  )
                })}
                {bar % labelEvery === 0 && (
                  <text x={x + barWidth / 2} y={height - 6} textAnchor="middle" className={classes.tick}>
                    {category}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
      </div>
      <p className={classes.spoken} aria-live="polite">
        {active === null ? 'Point at a bar, or use the arrow keys, for its values.' : describe(active)}
      </p>
    </div>
  )
}
