import { bytes } from '@/shared/format/bytes'
import { count, percent } from '@/shared/format/numbers'
import { EmptyNote } from '@/shared/ui/EmptyNote'
import { Panel } from '@/shared/ui/Panel'
import { PlainTable } from '@/shared/ui/PlainTable'
import { StatusBadge } from '@/shared/ui/StatusBadge'
import type { Runner, RunnerModel } from '../api/runners'

function State({ model }: { model: RunnerModel }) {
  switch (model.state) {
    case 'serving':
      return (
        <StatusBadge tone="ok" icon="check">
          {model.pinned ? 'serving, pinned' : 'serving'}
        </StatusBadge>
      )
    case 'loading':
      return (
        <StatusBadge tone="info" icon="dot">
          loading, {percent(model.progress)}
        </StatusBadge>
      )
    case 'failed':
      return (
        <StatusBadge tone="bad" icon="cross">
          {model.error ?? 'failed'}
        </StatusBadge>
      )
    default:
      return (
        <StatusBadge tone="quiet" icon="none">
          loads when asked for
        </StatusBadge>
      )
  }
}

const of = (value: number | undefined, most: number | undefined, text: (value: number) => string) =>
  value === undefined || most === undefined ? '–' : `${text(value)} of ${text(most)}`

export function RunnerPanel({ runner }: { runner: Runner }) {
  const { capacity } = runner
  if (!capacity) {
    return (
      <Panel title={runner.name} note={runner.url}>
        <EmptyNote>This runner does not answer. Requests go to others that serve the same model.</EmptyNote>
      </Panel>
    )
  }
  const { memory } = capacity
  return (
    <Panel
      title={runner.name}
      note={`${runner.url} · ${capacity.device}${capacity.device_note ? ` (${capacity.device_note})` : ''}${capacity.draining ? ' · draining' : ''} · ${count(capacity.requests)} in flight · ${bytes(memory.resident_bytes)} resident, ${bytes(memory.promised_bytes)} of ${bytes(memory.budget_bytes)} promised · ${count(Math.round(capacity.cpu_seconds))} CPU s`}
      flush
    >
      <PlainTable
        caption={`Models of ${runner.name}`}
        columns={['Model', 'State', 'Memory', 'Rows', 'Waiting', 'Keys and values', 'Tokens/s']}
        rows={capacity.models.map((model) => [
          model.name,
          <State key="state" model={model} />,
          bytes(model.bytes),
          of(model.rows, model.rows_max, count),
          model.waiting === undefined ? '–' : count(model.waiting),
          of(model.cache_bytes, model.cache_bytes_max, bytes),
          model.tokens_per_second.toFixed(1),
        ])}
      />
    </Panel>
  )
}
