import type { ReactNode } from 'react'
import { IconAlertTriangle, IconBan, IconCircle, IconCircleCheck, IconCircleX, IconEyeOff, IconFlag, IconMinus, IconPlayerStop } from './icons'
import classes from './StatusBadge.module.css'

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'quiet'

const icons = {
  check: IconCircleCheck,
  cross: IconCircleX,
  stop: IconPlayerStop,
  ban: IconBan,
  flag: IconFlag,
  hidden: IconEyeOff,
  warning: IconAlertTriangle,
  none: IconMinus,
  dot: IconCircle,
}

interface StatusBadgeProps {
  tone: Tone
  icon: keyof typeof icons
  children: ReactNode
}

/** A state as icon, word and colour, so that none of them carries it alone. */
export function StatusBadge({ tone, icon, children }: StatusBadgeProps) {
  const Icon = icons[icon]
  return (
    <span className={classes.badge} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {children}
    </span>
  )
}
