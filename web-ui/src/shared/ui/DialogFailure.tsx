import { asFailure } from '@/shared/api/failure'
import classes from './DialogFailure.module.css'

/** Why the action of a dialog or form failed; nothing while there is no error. */
export function DialogFailure({ error }: { error: unknown }) {
  if (!error) return null
  const failure = asFailure(error)
  return (
    <div role="alert" className={classes.failure}>
      {failure.message}
      {failure.retryAfterSeconds !== null && <> Try again in {Math.ceil(failure.retryAfterSeconds)} s.</>}
      {failure.requestId && (
        <div>
          Request id <code className="mono">{failure.requestId}</code>
        </div>
      )}
    </div>
  )
}
