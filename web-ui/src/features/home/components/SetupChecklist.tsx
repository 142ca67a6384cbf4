import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { keysQuery } from '@/shared/api/keys'
import { limitsQuery } from '@/shared/api/limits'
import { modelsQuery } from '@/shared/api/models'
import { policyQuery } from '@/shared/api/policy'
import { useScope } from '@/shared/state/scope'
import { IconCircle, IconCircleCheck } from '@/shared/ui/icons'
import { Panel } from '@/shared/ui/Panel'
import { SnippetTabs } from '@/shared/ui/SnippetTabs'
import { firstRequestQuery } from '../api/setup'
import classes from './SetupChecklist.module.css'

/** What a new project still lacks; gone when all is done. Silent where a step's state cannot be read: the page below does not need it. */
export function SetupChecklist() {
  const scope = useScope()
  const keys = useQuery(keysQuery(scope.project)).data
  const called = useQuery(firstRequestQuery(scope.project)).data
  const limits = useQuery(limitsQuery(scope.project)).data
  const policy = useQuery(policyQuery(scope.project)).data
  const models = useQuery(modelsQuery(scope.project)).data
  if (!keys || called === undefined || !limits || !policy) return null

  const guarded = Object.values(policy.detectors).some((action) => action !== 'off')
  const steps = [
    { label: 'Create an API key', done: keys.some((key) => !key.revoked_at), to: '/o/$org/p/$project/keys' },
    { label: 'Send the first request', done: called, to: '/o/$org/p/$project/playground' },
    { label: 'Set a monthly budget', done: limits.budget.amount !== null, to: '/o/$org/p/$project/usage' },
    { label: 'Switch on a guardrail', done: guarded, to: '/o/$org/p/$project/security' },
  ] as const
  const done = steps.filter((step) => step.done).length
  if (done === steps.length) return null

  return (
    <Panel title="Set up this project" note={`${done} of ${steps.length} done`}>
      <div className={classes.columns}>
        <ol className={classes.steps}>
          {steps.map((step) => (
            <li key={step.label} data-done={step.done || undefined}>
              {step.done ? <IconCircleCheck size={20} aria-label="Done" /> : <IconCircle size={20} aria-label="Open" />}
              {step.done ? (
                <span>{step.label}</span>
              ) : (
                <Link to={step.to} params={scope}>
                  {step.label}
                </Link>
              )}
            </li>
          ))}
        </ol>
        {!called && (
          <div className={classes.snippet}>
            <SnippetTabs body={{ model: models?.[0] ?? 'MODEL', messages: [{ role: 'user', content: 'What is the capital of France?' }] }} />
            <p role="status">Waiting for the first request…</p>
          </div>
        )}
      </div>
    </Panel>
  )
}
