import type { ReactNode } from 'react'
import { iso } from '@/shared/format/time'

/** A time as words, with the exact one for machines and on hover. */
export function Moment({ at, children }: { at: number; children: ReactNode }) {
  return (
    <time dateTime={iso(at)} title={iso(at)}>
      {children}
    </time>
  )
}
