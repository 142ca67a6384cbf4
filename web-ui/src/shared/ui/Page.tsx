import type { ReactNode } from 'react'
import classes from './Page.module.css'

interface PageProps {
  title: string
  description?: string
  actions?: ReactNode
  children: ReactNode
}

/** The frame of every page: document title, the one h1, page actions on the right. */
export function Page({ title, description, actions, children }: PageProps) {
  return (
    <div className={classes.page}>
      <title>{`${title} · Postern`}</title>
      <div className={classes.head}>
        <div>
          <h1 className={classes.title}>{title}</h1>
          {description && <p className={classes.description}>{description}</p>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  )
}
