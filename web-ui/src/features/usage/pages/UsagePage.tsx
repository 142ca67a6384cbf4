import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { keysQuery } from '@/shared/api/keys'
import { projectsQuery } from '@/shared/api/session'
import { date, timeOfDay } from '@/shared/format/time'
import { useScope } from '@/shared/state/scope'
import { useTimeRange } from '@/shared/state/timeRange'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { Panel } from '@/shared/ui/Panel'
import { reportQuery } from '../api/usage'
import { BudgetPanel } from '../components/BudgetPanel'
import { ExportMenu } from '../components/ExportMenu'
import { UsageChart } from '../components/UsageChart'
import { UsageTable } from '../components/UsageTable'
import { groupings, type Grouping, type Measure } from '../search'
import classes from './UsagePage.module.css'

const route = '/signed-in/o/$org/p/$project/usage'
const groupLabels: Record<Grouping, string> = { model: 'Model', project: 'Project', key: 'Key' }

/** Names for the ids of a report; an id without one stays an id. */
function useGroupNames(grouping: Grouping): (group: string) => string {
  const { project } = useScope()
  const projects = useQuery(projectsQuery).data
  const keys = useQuery(keysQuery(project)).data
  return (group) => {
    switch (grouping) {
      case 'model':
        return group || 'Unknown model'
      case 'project':
        return projects?.find(({ id }) => id === group)?.name ?? (group || 'No project')
      case 'key':
        return keys?.find(({ id }) => id === group)?.name || group || 'Console sessions'
    }
  }
}

export function UsagePage() {
  const { project } = useScope()
  const range = useTimeRange()
  const { group = 'model', measure = 'spend' } = useSearch({ from: route })
  const navigate = useNavigate({ from: '/o/$org/p/$project/usage' })
  const report = useQuery(reportQuery(project, range, group))
  const nameOf = useGroupNames(group)
  const scopeNote = group === 'project' ? 'All projects' : 'This project'
  const window = report.data?.window

  return (
    <Page title="Usage & cost" description="Whole days in UTC, as the ledger and the invoices count them." actions={<ExportMenu range={range} />}>
      <div className={classes.controls}>
        <SegmentedControl
          aria-label="Measure"
          value={measure}
          onChange={(value) => void navigate({ search: (previous) => ({ ...previous, measure: value as Measure }), replace: true })}
          data={[
            { value: 'spend', label: 'Spend' },
            { value: 'tokens', label: 'Tokens' },
            { value: 'requests', label: 'Requests' },
          ]}
        />
        <SegmentedControl
          aria-label="Group by"
          value={group}
          onChange={(value) => void navigate({ search: (previous) => ({ ...previous, group: value as Grouping }), replace: true })}
          data={groupings.map((value) => ({ value, label: `By ${groupLabels[value].toLowerCase()}` }))}
        />
        {window && (
          <p className={classes.note}>
            {scopeNote}, {date(window.start, 'utc')} to {date(window.end - 1, 'utc')} UTC. Data until {timeOfDay(report.dataUpdatedAt / 1_000, range.zone)}.
          </p>
        )}
      </div>
      <Loaded query={report} what="usage and cost" height={520}>
        {(data) =>
          data.rows.length === 0 ? (
            <Panel title="Usage">
              <EmptyNote>Nothing was used in this time. Choose a longer time range.</EmptyNote>
            </Panel>
          ) : (
            <div className={classes.stack}>
              <UsageChart report={data} measure={measure} nameOf={nameOf} />
              <UsageTable report={data} groupLabel={groupLabels[group]} nameOf={nameOf} />
            </div>
          )
        }
      </Loaded>
      <BudgetPanel />
    </Page>
  )
}
