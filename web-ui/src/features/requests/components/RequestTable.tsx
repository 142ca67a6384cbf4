import { useMemo } from 'react'
import { exactMoney, requestMoney } from '@/shared/format/money'
import { count, milliseconds } from '@/shared/format/numbers'
import { dateTime, type Zone } from '@/shared/format/time'
import { DataTable, type Columns } from '@/shared/ui/DataTable'
import { Moment } from '@/shared/ui/Moment'
import { VerdictBadge } from '@/shared/ui/VerdictBadge'
import { callerOf, type LoggedRequest } from '../api/requests'
import { OutcomeBadge } from './OutcomeBadge'
import classes from './RequestTable.module.css'

interface RequestTableProps {
  requests: LoggedRequest[]
  zone: Zone
  selectedId: string | null
  onOpen: (id: string) => void
}

export function RequestTable({ requests, zone, selectedId, onOpen }: RequestTableProps) {
  const columns = useMemo<Columns<LoggedRequest>>(
    () => [
      {
        id: 'time',
        header: 'Time',
        cell: ({ row: { original } }) => (
          <button type="button" className={classes.open} onClick={() => onOpen(original.id)} data-open={original.id}>
            <Moment at={original.created_at}>{dateTime(original.created_at, zone)}</Moment>
          </button>
        ),
      },
      { id: 'outcome', header: 'Outcome', cell: ({ row }) => <OutcomeBadge request={row.original} /> },
      { id: 'model', header: 'Model', cell: ({ row }) => row.original.model ?? '–' },
      { id: 'key', header: 'Key', cell: ({ row }) => callerOf(row.original) },
      { id: 'input', header: 'Tokens in', meta: { numeric: true }, cell: ({ row }) => count(row.original.input_tokens) },
      { id: 'output', header: 'Tokens out', meta: { numeric: true }, cell: ({ row }) => count(row.original.output_tokens) },
      { id: 'first', header: 'First token', meta: { numeric: true }, cell: ({ row }) => milliseconds(row.original.first_token_ms) },
      { id: 'total', header: 'Total', meta: { numeric: true }, cell: ({ row }) => milliseconds(row.original.total_ms) },
      {
        id: 'cost',
        header: 'Cost',
        meta: { numeric: true },
        cell: ({ row: { original } }) => (original.amount ? <span title={exactMoney(original.amount)}>{requestMoney(original.amount)}</span> : '–'),
      },
      { id: 'verdict', header: 'Guardrails', cell: ({ row }) => <VerdictBadge verdict={row.original.verdict} /> },
    ],
    [zone, onOpen],
  )
  return <DataTable caption="Requests, newest first" columns={columns} rows={requests} rowId={(request) => request.id} selectedId={selectedId} />
}
