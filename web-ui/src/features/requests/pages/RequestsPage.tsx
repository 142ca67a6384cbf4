import { Button, Switch } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { count } from '@/shared/format/numbers'
import { useScope } from '@/shared/state/scope'
import { useTimeRange } from '@/shared/state/timeRange'
import { useRowKeys } from '@/shared/state/useRowKeys'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Loaded } from '@/shared/ui/Loaded'
import { Page } from '@/shared/ui/Page'
import { Panel } from '@/shared/ui/Panel'
import { requestsQuery } from '../api/requests'
import { RequestDrawer } from '../components/RequestDrawer'
import { RequestFilters } from '../components/RequestFilters'
import { RequestTable } from '../components/RequestTable'
import type { RequestSearch } from '../search'
import classes from './RequestsPage.module.css'

const route = '/signed-in/o/$org/p/$project/requests'

export function RequestsPage() {
  const { project } = useScope()
  const range = useTimeRange()
  const { request: openId = null, live = false, model, key, outcome } = useSearch({ from: route })
  const navigate = useNavigate({ from: '/o/$org/p/$project/requests' })
  const query = useInfiniteQuery(requestsQuery(project, range, { model, key, outcome }, live))
  const rows = useMemo(() => query.data?.pages.flatMap(({ data }) => data) ?? [], [query.data])
  const ids = useMemo(() => rows.map(({ id }) => id), [rows])

  const change = useCallback(
    (next: RequestSearch) => void navigate({ search: (previous) => ({ ...previous, ...next }), replace: true, resetScroll: false }),
    [navigate],
  )
  const open = useCallback((id: string) => change({ request: id }), [change])
  const close = useCallback(() => change({ request: undefined }), [change])
  useRowKeys({ ids, openId, onOpen: open, onClose: close })

  const closeAndReturn = () => {
    close()
    if (openId) document.querySelector<HTMLElement>(`[data-open="${CSS.escape(openId)}"]`)?.focus()
  }

  return (
    <Page
      title="Requests"
      description="Every call of this project: what it took, what it cost, what the guardrails found. Prompts are not kept."
      actions={<Switch label="Live" checked={live} onChange={(event) => change({ live: event.currentTarget.checked || undefined })} />}
    >
      <RequestFilters filters={{ model, key, outcome }} onChange={change} />
      <Panel title="Log" note={query.data && `${count(rows.length)}${query.hasNextPage ? '+' : ''}, ${range.label.toLowerCase()}`} flush>
        <Loaded query={query} what="the requests" height={420}>
          {() =>
            rows.length === 0 ? (
              <EmptyNote>No request matches. Choose a longer time range, or fewer filters.</EmptyNote>
            ) : (
              <>
                <RequestTable requests={rows} zone={range.zone} selectedId={openId} onOpen={open} />
                {query.hasNextPage && (
                  <div className={classes.more}>
                    <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                      Load older requests
                    </Button>
                  </div>
                )}
              </>
            )
          }
        </Loaded>
      </Panel>
      {openId && <RequestDrawer id={openId} onClose={closeAndReturn} />}
    </Page>
  )
}
