import { useQuery } from '@tanstack/react-query'
import { useScope } from '@/shared/state/scope'
import { useTimeRange } from '@/shared/state/timeRange'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { overviewQuery } from '../api/overview'
import { Figures } from '../components/Figures'
import { SetupChecklist } from '../components/SetupChecklist'
import { TopLists } from '../components/TopLists'
import { TrafficChart } from '../components/TrafficChart'
import classes from './HomePage.module.css'

export function HomePage() {
  const { project } = useScope()
  const range = useTimeRange()
  const overview = useQuery(overviewQuery(project, range))
  return (
    <Page title="Home" description={`What this project did: ${range.label.toLowerCase()}, against the period before.`}>
      <SetupChecklist />
      <Loaded query={overview} what="the overview" height={460}>
        {(data) => (
          <div className={classes.stack}>
            <Figures overview={data} />
            <TrafficChart overview={data} range={range} />
            <TopLists overview={data} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}
