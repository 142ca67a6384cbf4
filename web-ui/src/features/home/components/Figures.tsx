import type { ReactNode } from 'react'
import { exactMoney, totalMoney } from '@/shared/format/money'
import { changeOf, count, milliseconds, percent, type Change } from '@/shared/format/numbers'
import { IconArrowDownRight, IconArrowUpRight, IconMinus } from '@/shared/ui/icons'
import type { Overview } from '../api/overview'
import classes from './Figures.module.css'

const arrows = { up: IconArrowUpRight, down: IconArrowDownRight, flat: IconMinus }

interface FigureProps {
  label: string
  value: string
  exact?: string
  change: Change | null
  /** Where a rise is bad news, or neither good nor bad. */
  rise?: 'good' | 'bad' | 'neutral'
  children?: ReactNode
}

function Figure({ label, value, exact, change, rise = 'neutral', children }: FigureProps) {
  const Arrow = arrows[change?.direction ?? 'flat']
  const good = rise === 'neutral' || !change || change.direction === 'flat' ? undefined : (change.direction === 'up') === (rise === 'good')
  return (
    <div className={classes.figure}>
      <dt>{label}</dt>
      <dd>
        <span className={classes.value} title={exact}>
          {value}
        </span>
        <span className={classes.change} data-good={good}>
          {change ? (
            <>
              <Arrow size={15} aria-hidden /> {change.text}
              <span className={classes.against}> vs previous period</span>
            </>
          ) : (
            <span className={classes.against}>no data for the period before</span>
          )}
        </span>
        {children}
      </dd>
    </div>
  )
}

export function Figures({ overview: { current, previous, budget } }: { overview: Overview }) {
  const rate = (part: Overview['current']) => (part.requests === 0 ? 0 : part.errors / part.requests)
  const used = budget.limit && Number(budget.limit.value) > 0 ? Number(budget.spent.value) / Number(budget.limit.value) : null
  return (
    <dl className={classes.figures}>
      <Figure label="Requests" value={count(current.requests)} change={changeOf(current.requests, previous.requests)} />
      <Figure label="Error rate" value={percent(rate(current))} change={changeOf(rate(current), rate(previous))} rise="bad" />
      <Figure
        label="Time to first token, p95"
        value={milliseconds(current.p95_first_token_ms)}
        change={changeOf(current.p95_first_token_ms ?? 0, previous.p95_first_token_ms ?? 0)}
        rise="bad"
      />
      <Figure
        label="Spend"
        value={totalMoney(current.spend)}
        exact={exactMoney(current.spend)}
        change={changeOf(Number(current.spend.value), Number(previous.spend.value))}
      >
        {budget.limit && used !== null && (
          <span className={classes.budget}>
            <span className={classes.track} aria-hidden>
              <span style={{ width: `${Math.min(100, used * 100)}%` }} data-level={used >= 1 ? 'over' : used >= 0.8 ? 'near' : undefined} />
            </span>
            {totalMoney(budget.spent)} of {totalMoney(budget.limit)} this month
          </span>
        )}
      </Figure>
    </dl>
  )
}
