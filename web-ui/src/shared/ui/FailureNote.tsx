import { Button } from '@mantine/core'
import { asFailure, type ApiFailure } from '@/shared/api/failure'
import classes from './FailureNote.module.css'
import { IconAlertTriangle, IconRefresh } from './icons'

interface FailureNoteProps {
  error: unknown
  what: string
  lead?: string
  onRetry?: () => void
}

function explain(failure: ApiFailure, what: string): { title: string; detail: string } {
  if (failure.isOffline) return { title: 'No connection', detail: 'The server cannot be reached. The page tries again by itself when you come back to it.' }
  if (failure.status === 403) {
    return { title: `You may not see ${what}`, detail: `${failure.message} An owner of the organisation can grant this right.` }
  }
  if (failure.status === 404) return { title: 'Not found', detail: failure.message }
  if (failure.status === 429) {
    const wait = failure.retryAfterSeconds === null ? '' : ` Try again in ${Math.ceil(failure.retryAfterSeconds)} s.`
    return { title: 'Too many requests', detail: failure.message + wait }
  }
  return { title: `Could not load ${what}`, detail: failure.message }
}

export function FailureNote({ error, what, lead = '', onRetry }: FailureNoteProps) {
  const failure = asFailure(error)
  const { title, detail } = explain(failure, what)
  return (
    <div className={classes.note} role="alert">
      <IconAlertTriangle className={classes.icon} size={20} aria-hidden />
      <div className={classes.text}>
        <strong>{title}</strong>
        <p>
          {lead}
          {detail}
        </p>
        {failure.requestId && (
          <p className={classes.id}>
            Request id <code className="mono">{failure.requestId}</code>
          </p>
        )}
      </div>
      {onRetry && failure.status !== 403 && (
        <Button variant="default" size="xs" leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}
