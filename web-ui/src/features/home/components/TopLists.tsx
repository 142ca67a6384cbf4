import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { exactMoney, totalMoney } from '@/shared/format/money'
import { count } from '@/shared/format/numbers'
import { useScope } from '@/shared/state/scope'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Panel } from '@/shared/ui/Panel'
import type { Overview } from '../api/overview'
import classes from './TopLists.module.css'

interface Entry {
  key: string
  name: string
  filter: { model?: string; key?: string; outcome?: 'failed' }
  requests: number
  detail?: ReactNode
}

function TopList({ title, entries, empty }: { title: string; entries: Entry[]; empty: string }) {
  const scope = useScope()
  const most = Math.max(1, ...entries.map(({ requests }) => requests))
  return (
    <Panel title={title}>
      {entries.length === 0 ? (
        <EmptyNote>{empty}</EmptyNote>
      ) : (
        <ol className={classes.list}>
          {entries.map(({ key, name, filter, requests, detail }) => (
            <li key={key}>
              <Link to="/o/$org/p/$project/requests" params={scope} search={(previous) => ({ ...previous, ...filter })} className={classes.name}>
                {name}
              </Link>
              <span className={classes.value}>
                {count(requests)} req{detail && <> · {detail}</>}
              </span>
              <span className={classes.share} style={{ width: `${(requests / most) * 100}%` }} aria-hidden />
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}

export function TopLists({ overview }: { overview: Overview }) {
  return (
    <div className={classes.columns}>
      <TopList
        title="Top models"
        empty="No model was called in this time."
        entries={overview.top_models.map(({ name, requests, spend }) => ({
          key: name,
          name,
          filter: { model: name },
          requests,
          detail: <span title={exactMoney(spend)}>{totalMoney(spend)}</span>,
        }))}
      />
      <TopList
        title="Top keys"
        empty="No key was used in this time."
        entries={overview.top_keys.map(({ id, name, requests, spend }) => ({
          key: id ?? 'console',
          name: name ?? id ?? 'Console session',
          filter: { key: id ?? undefined },
          requests,
          detail: <span title={exactMoney(spend)}>{totalMoney(spend)}</span>,
        }))}
      />
      <TopList
        title="Top errors"
        empty="No request failed in this time."
        entries={overview.top_errors.map(({ code, requests }) => ({ key: code, name: code, filter: { outcome: 'failed' }, requests }))}
      />
    </div>
  )
}
