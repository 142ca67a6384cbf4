import { Skeleton } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { timeOfDay } from '@/shared/format/time'
import { FailureNote } from './FailureNote'
import classes from './Loaded.module.css'

interface LoadedProps<T> {
  query: UseQueryResult<T>
  /** What is being loaded, for screen readers and for the failure text: "requests". */
  what: string
  /** Height of the skeleton, that of the final content. */
  height?: number
  children: (data: T) => ReactNode
}

/**
 * The states of a panel that shows a query: a skeleton after a moment, the failure with a retry, and otherwise the data; a refresh keeps
 * the old data under a thin bar, a failed refresh dates it.
 */
export function Loaded<T>({ query, what, height = 120, children }: LoadedProps<T>) {
  if (query.isPending) {
    return (
      <div className={classes.pending} role="status" aria-label={`Loading ${what}`}>
        <Skeleton height={height} radius="sm" />
      </div>
    )
  }
  if (query.data === undefined) return <FailureNote error={query.error} what={what} onRetry={() => void query.refetch()} />
  return (
    <div className={classes.loaded} aria-busy={query.isFetching}>
      {query.isFetching && <div className={classes.bar} aria-hidden />}
      {query.error && (
        <FailureNote
          error={query.error}
          what={what}
          lead={`Shown as of ${timeOfDay(query.dataUpdatedAt / 1_000, 'local')}. `}
          onRetry={() => void query.refetch()}
        />
      )}
      {children(query.data)}
    </div>
  )
}
