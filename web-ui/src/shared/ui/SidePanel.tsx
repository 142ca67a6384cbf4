import { ActionIcon } from '@mantine/core'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { IconX } from './icons'
import classes from './SidePanel.module.css'

interface SidePanelProps {
  title: string
  subtitle?: ReactNode
  actions?: ReactNode
  onClose: () => void
  children: ReactNode
}

/** A drawer beside the list it belongs to: not modal, so the list's keys go on working. */
export function SidePanel({ title, subtitle, actions, onClose, children }: SidePanelProps) {
  const id = useId()
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.focus({ preventScroll: true }), [])
  return (
    <aside className={classes.panel} aria-labelledby={id} tabIndex={-1} ref={panel}>
      <div className={classes.head}>
        <div className={classes.titles}>
          <h2 id={id}>{title}</h2>
          {subtitle && <div className={classes.subtitle}>{subtitle}</div>}
        </div>
        {actions}
        <ActionIcon variant="subtle" color="gray" c="var(--ink-soft)" size="lg" aria-label="Close" onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </div>
      <div className={classes.body}>{children}</div>
    </aside>
  )
}
