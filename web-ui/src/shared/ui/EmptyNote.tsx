import type { ReactNode } from 'react'
import classes from './EmptyNote.module.css'

/** One sentence and one action: what an empty list shows. */
export function EmptyNote({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.note}>
      <p>{children}</p>
      {action}
    </div>
  )
}
