import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { limitsQuery } from '@/shared/api/limits'
import { exactMoney, totalMoney } from '@/shared/format/money'
import { percent } from '@/shared/format/numbers'
import { useScope } from '@/shared/state/scope'
import { FactList } from '@/shared/ui/FactList'
import { Loaded } from '@/shared/ui/Loaded'
import { Panel } from '@/shared/ui/Panel'
import { BudgetDialog } from './BudgetDialog'
import classes from './BudgetPanel.module.css'

export function BudgetPanel() {
  const { project } = useScope()
  const limits = useQuery(limitsQuery(project))
  const [editing, setEditing] = useState(false)
  return (
    <Panel
      title="Budget and limits of this project"
      actions={
        limits.data && (
          <Button variant="default" size="xs" onClick={() => setEditing(true)}>
            Change
          </Button>
        )
      }
    >
      <Loaded query={limits} what="the limits" height={64}>
        {({ budget, max_concurrent_requests, share: runners }) => {
          const share = budget.amount && Number(budget.amount.value) > 0 ? Number(budget.spent.value) / Number(budget.amount.value) : null
          return (
            <>
              <FactList
                facts={[
                  ['Spent this month (UTC)', <span key="s" title={exactMoney(budget.spent)}>{totalMoney(budget.spent)}</span>],
                  ['Monthly budget', budget.amount ? totalMoney(budget.amount) : 'None: spending is not limited'],
                  ['Requests at a time', max_concurrent_requests ?? 'Not limited'],
                  ['Weight on busy runners', runners.weight],
                  ['May ask for priority', runners.priority ? 'Yes' : 'No'],
                ]}
              />
              {share !== null && (
                <div className={classes.meter} role="meter" aria-label="Budget used" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(100, Math.round(share * 100))} aria-valuetext={percent(share)}>
                  <span style={{ width: `${Math.min(100, share * 100)}%` }} data-level={share >= 1 ? 'over' : share >= 0.8 ? 'near' : undefined} />
                </div>
              )}
            </>
          )
        }}
      </Loaded>
      {editing && limits.data && <BudgetDialog project={project} limits={limits.data} onClose={() => setEditing(false)} />}
    </Panel>
  )
}
