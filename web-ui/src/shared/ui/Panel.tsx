import { useId, type ReactNode } from 'react'
import classes from './Panel.module.css'

interface PanelProps {
  title: string
  note?: ReactNode
  actions?: ReactNode
  /** Lets a table or chart reach the panel's edges. */
  flush?: boolean
  children: ReactNode
}

export function Panel({ title, note, actions, flush, children }: PanelProps) {
  const id = useId()
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <div className={classes.head}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {note && <span className={classes.note}>{note}</span>}
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  )
}
