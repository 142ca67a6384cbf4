import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { percent } from '@/shared/format/numbers'
import { dateTimeShort } from '@/shared/format/time'
import { DialogFailure } from '@/shared/ui/DialogFailure'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Panel } from '@/shared/ui/Panel'
import { PlainTable } from '@/shared/ui/PlainTable'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import { cancel, installedModelsQuery, isOpen, jobsQuery, type Job } from '../api/models'
import classes from './Models.module.css'

const badges = {
  queued: ['quiet', 'none'],
  running: ['info', 'dot'],
  completed: ['ok', 'check'],
  failed: ['bad', 'cross'],
  cancelled: ['quiet', 'stop'],
  interrupted: ['warn', 'warning'],
} as const

const workOf = (job: Job) => (job.kind === 'measure' ? 'measure' : `quantize to ${job.format}`)

function State({ job }: { job: Job }) {
  const [tone, icon] = badges[job.state]
  return (
    <div className={classes.work}>
      <StatusBadge tone={tone} icon={icon}>
        {job.state}
      </StatusBadge>
      {job.state === 'running' && (
        <>
          <progress value={job.progress} aria-label={`Progress of ${workOf(job)} ${job.model}`} />
          <span className={classes.reason}>
            {job.step}, {percent(job.progress)}
          </span>
        </>
      )}
      {job.error && <span className={classes.reason}>{job.error}</span>}
    </div>
  )
}

function Cancel({ job }: { job: Job }) {
  const queryClient = useQueryClient()
  const cancelling = useMutation({ mutationFn: () => cancel(job.id), onSettled: () => queryClient.invalidateQueries(jobsQuery) })
  if (!isOpen(job)) return '–'
  return (
    <>
      <Button size="xs" variant="default" loading={cancelling.isPending} onClick={() => cancelling.mutate()} aria-label={`Cancel ${workOf(job)} ${job.model}`}>
        Cancel
      </Button>
      <DialogFailure error={cancelling.error} />
    </>
  )
}

/** Jobs on models' formats, newest first. */
export function JobsPanel() {
  const jobs = useQuery(jobsQuery)
  const queryClient = useQueryClient()
  const done = jobs.data?.data.filter((job) => job.state === 'completed').length
  // What a job has stored or measured shows at once.
  useEffect(() => void queryClient.invalidateQueries(installedModelsQuery), [done, queryClient])
  return (
    <Panel title="Jobs" note="one at a time, behind everything that serves" flush>
      <Loaded query={jobs} what="the jobs" height={120}>
        {({ data }) =>
          data.length === 0 ? (
            <EmptyNote>No job yet. Measure or quantize a model to begin one.</EmptyNote>
          ) : (
            <div className={classes.scroll} tabIndex={0} role="region" aria-label="Table of jobs">
              <PlainTable
                caption="Jobs"
                columns={['Work', 'Model', 'Begun', 'State', 'Action']}
                rows={data.map((job) => [workOf(job), job.model, dateTimeShort(job.created_at, 'local'), <State key="state" job={job} />, <Cancel key="cancel" job={job} />])}
              />
            </div>
          )
        }
      </Loaded>
    </Panel>
  )
}
