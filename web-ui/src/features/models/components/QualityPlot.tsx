import { axisTicks } from '@/shared/ui/charts/StackedBars'
import { ChartPanel } from '@/shared/ui/charts/ChartPanel'
import { percent } from '@/shared/format/numbers'
import type { InstalledModel, Quality, StoredFormat } from '../api/models'
import classes from './Models.module.css'

/** What a format may be away from the floats to become the default, in nats. */
const LIMIT = 0.01

const WIDTH = 640
const HEIGHT = 260
const box = { left: 56, right: 40, top: 24, bottom: 44 }

/** One figure for a server that is sometimes idle and sometimes full. */
const overall = (quality: Quality) => Math.sqrt(quality.tokens_per_cpu_second * quality.tokens_per_cpu_second_of_8)

type Measured = StoredFormat & { quality: Quality }

const isMeasured = (format: StoredFormat): format is Measured => format.quality !== null

function Plot({ formats }: { formats: Measured[] }) {
  const speeds = axisTicks(Math.max(...formats.map(({ quality }) => overall(quality))))
  const distances = axisTicks(Math.max(1.4 * LIMIT, ...formats.map(({ quality }) => quality.divergence)))
  const x = (value: number) => box.left + ((WIDTH - box.left - box.right) * value) / (distances.at(-1) ?? 1)
  const y = (value: number) => HEIGHT - box.bottom - ((HEIGHT - box.top - box.bottom) * value) / (speeds.at(-1) ?? 1)
  const bottom = HEIGHT - box.bottom
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={classes.plot} aria-hidden focusable="false">
      {speeds.map((tick) => (
        <g key={tick}>
          <line x1={box.left} x2={WIDTH - box.right} y1={y(tick)} y2={y(tick)} className={classes.grid} />
          <text x={box.left - 8} y={y(tick)} dy="0.32em" textAnchor="end" className={classes.label}>
            {tick}
          </text>
        </g>
      ))}
      {distances.map((tick) => (
        <text key={tick} x={x(tick)} y={bottom + 16} textAnchor="middle" className={classes.label}>
          {Number(tick.toPrecision(3))}
        </text>
      ))}
      <line x1={box.left} x2={WIDTH - box.right} y1={bottom} y2={bottom} className={classes.axis} />
      <line x1={x(LIMIT)} x2={x(LIMIT)} y1={box.top} y2={bottom} className={classes.limit} />
      <text x={x(LIMIT) + 5} y={box.top + 4} className={classes.label}>
        limit of the default
      </text>
      <text x={box.left} y={12} className={classes.label}>
        Tokens per CPU second
      </text>
      <text x={WIDTH - box.right} y={HEIGHT - 8} textAnchor="end" className={classes.label}>
        KL divergence from the floats, nats
      </text>
      {formats.map(({ name, digest, served, quality }) => (
        <g key={digest}>
          <circle cx={x(quality.divergence)} cy={y(overall(quality))} r="6" className={classes.point} data-served={served || undefined} />
          <text x={x(quality.divergence) + 11} y={y(overall(quality))} dy="0.32em" className={classes.name}>
            {name}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** Each measured format by what it costs and how near it comes to the model in floats. */
export function QualityPlot({ model }: { model: InstalledModel }) {
  const formats = model.formats.filter(isMeasured)
  if (formats.length === 0) return null
  const told = formats.map(({ name, quality }) => `${name}: ${overall(quality).toFixed(0)} tokens per CPU second at KL ${quality.divergence.toFixed(4)}`)
  return (
    <ChartPanel
      title={`Speed and fidelity of ${model.name}`}
      note="filled: served"
      summary={`${told.join('; ')}.`}
      table={{
        columns: ['Format', 'Tokens per CPU second', 'KL divergence', 'Agreement'],
        rows: formats.map(({ name, quality }) => [name, overall(quality).toFixed(1), quality.divergence.toFixed(4), percent(quality.agreement)]),
      }}
    >
      <Plot formats={formats} />
    </ChartPanel>
  )
}
