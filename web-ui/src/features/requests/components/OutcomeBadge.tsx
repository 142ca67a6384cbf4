import { StatusBadge } from '@/shared/ui/StatusBadge'
import type { LoggedRequest } from '../api/requests'
import type { Outcome } from '../search'

export const outcomeLabels: Record<Outcome, string> = {
  completed: 'Completed',
  cancelled: 'Cancelled',
  prompt_blocked: 'Prompt blocked',
  output_blocked: 'Output blocked',
  failed: 'Failed',
}

export function OutcomeBadge({ request }: { request: LoggedRequest }) {
  const label = outcomeLabels[request.outcome]
  switch (request.outcome) {
    case 'completed':
      return <StatusBadge tone="ok" icon="check">{label}</StatusBadge>
    case 'cancelled':
      return <StatusBadge tone="quiet" icon="stop">{label}</StatusBadge>
    case 'prompt_blocked':
    case 'output_blocked':
      return <StatusBadge tone="warn" icon="ban">{label}</StatusBadge>
    case 'failed':
      return <StatusBadge tone="bad" icon="cross">{request.http_status ? `Failed ${request.http_status}` : label}</StatusBadge>
  }
}
