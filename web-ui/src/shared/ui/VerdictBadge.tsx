import { StatusBadge } from './StatusBadge'

/** What a guardrail did with what it found. */
export function VerdictBadge({ verdict }: { verdict: string }) {
  switch (verdict) {
    case 'none':
      return <span className="quiet">–</span>
    case 'flag':
      return <StatusBadge tone="info" icon="flag">Flagged</StatusBadge>
    case 'redact':
      return <StatusBadge tone="warn" icon="hidden">Redacted</StatusBadge>
    case 'block':
      return <StatusBadge tone="bad" icon="ban">Blocked</StatusBadge>
    default:
      return <StatusBadge tone="quiet" icon="dot">{verdict}</StatusBadge>
  }
}
