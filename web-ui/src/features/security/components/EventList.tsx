import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { keysQuery } from '@/shared/api/keys'
import { count } from '@/shared/format/numbers'
import { dateTime } from '@/shared/format/time'
import { useScope } from '@/shared/state/scope'
import { useTimeRange } from '@/shared/state/timeRange'
import { DataTable, type Columns } from '@/shared/ui/DataTable'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Moment } from '@/shared/ui/Moment'
import { Panel } from '@/shared/ui/Panel'
import { VerdictBadge } from '@/shared/ui/VerdictBadge'
import { eventsQuery, type SecurityEvent } from '../api/events'
import classes from './EventList.module.css'

export function EventList() {
  const scope = useScope()
  const range = useTimeRange()
  const query = useInfiniteQuery(eventsQuery(scope.project, range))
  const keys = useQuery(keysQuery(scope.project)).data
  const rows = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data])
  const columns = useMemo<Columns<SecurityEvent>>(
    () => [
      { id: 'time', header: 'Time', cell: ({ row: { original } }) => <Moment at={original.created_at}>{dateTime(original.created_at, range.zone)}</Moment> },
      { id: 'action', header: 'Action', cell: ({ row }) => <VerdictBadge verdict={row.original.action} /> },
      { id: 'detector', header: 'Detector', cell: ({ row }) => <code className="mono">{row.original.detector}</code> },
      { id: 'stage', header: 'Found in', cell: ({ row }) => row.original.stage.replaceAll('_', ' ') },
      { id: 'count', header: 'Times', meta: { numeric: true }, cell: ({ row }) => count(row.original.count) },
      {
        id: 'key',
        header: 'Key',
        cell: ({ row: { original } }) => keys?.find(({ id }) => id === original.api_key_id)?.name ?? original.api_key_id ?? 'Console',
      },
      {
        id: 'request',
        header: 'Request',
        cell: ({ row: { original } }) => (
          <Link to="/o/$org/p/$project/requests" params={scope} search={(previous) => ({ ...previous, request: original.request_id })} className={classes.link}>
            {original.request_id}
          </Link>
        ),
      },
    ],
    [range.zone, keys, scope],
  )
  return (
    <Panel title="Events" note={query.data && `${count(rows.length)}${query.hasNextPage ? '+' : ''}, ${range.label.toLowerCase()}`} flush>
      <Loaded query={query} what="the security events" height={280}>
        {() =>
          rows.length === 0 ? (
            <EmptyNote>The guardrails found nothing in this time.</EmptyNote>
          ) : (
            <>
              <DataTable caption="Security events, newest first" columns={columns} rows={rows} rowId={({ id }) => id} />
              {query.hasNextPage && (
                <div className={classes.more}>
                  <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    Load older events
                  </Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}
