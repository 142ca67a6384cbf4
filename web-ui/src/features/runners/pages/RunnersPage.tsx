import { useQuery } from '@tanstack/react-query'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { runnersQuery } from '../api/runners'
import { RunnerPanel } from '../components/RunnerPanel'
import classes from './RunnersPage.module.css'

export function RunnersPage() {
  const runners = useQuery(runnersQuery)
  return (
    <Page title="Runners" description="The processes that hold models in memory and answer, and how much they can still take.">
      <Loaded query={runners} what="the runners" height={320}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyNote>No runner is known. Start one with ./postern up, or name one elsewhere with --runner URL.</EmptyNote>
          ) : (
            <div className={classes.stack}>
              {data.map((runner) => (
                <RunnerPanel key={runner.name} runner={runner} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}
