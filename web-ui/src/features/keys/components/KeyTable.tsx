import { Button } from '@mantine/core'
import { useMemo } from 'react'
import type { ApiKey } from '@/shared/api/keys'
import { ago, date } from '@/shared/format/time'
import { useTimeRange } from '@/shared/state/timeRange'
import { DataTable, type Columns } from '@/shared/ui/DataTable'
import { Moment } from '@/shared/ui/Moment'
import { StatusBadge } from '@/shared/ui/StatusBadge'

export type KeyState = 'active' | 'expired' | 'revoked'

export function stateOf(key: ApiKey, now: number): KeyState {
  if (key.revoked_at) return 'revoked'
  return key.expires_at && key.expires_at <= now ? 'expired' : 'active'
}

function State({ state }: { state: KeyState }) {
  switch (state) {
    case 'active':
      return <StatusBadge tone="ok" icon="check">Active</StatusBadge>
    case 'expired':
      return <StatusBadge tone="warn" icon="warning">Expired</StatusBadge>
    case 'revoked':
      return <StatusBadge tone="quiet" icon="ban">Revoked</StatusBadge>
  }
}

export function KeyTable({ keys, onRevoke }: { keys: ApiKey[]; onRevoke: (key: ApiKey) => void }) {
  const { zone } = useTimeRange()
  const columns = useMemo<Columns<ApiKey>>(() => {
    const now = Date.now() / 1_000
    return [
      { id: 'name', header: 'Name', accessorFn: (key) => key.name ?? '', cell: ({ row }) => <strong>{row.original.name || 'Unnamed'}</strong> },
      { id: 'key', header: 'Key', enableSorting: false, cell: ({ row }) => <code className="mono">{row.original.redacted_value}</code> },
      { id: 'state', header: 'State', accessorFn: (key) => stateOf(key, now), cell: ({ getValue }) => <State state={getValue()} /> },
      { id: 'created', header: 'Created', accessorFn: (key) => key.created_at, cell: ({ getValue }) => <Moment at={getValue()}>{date(getValue(), zone)}</Moment> },
      {
        id: 'used',
        header: 'Last used',
        accessorFn: (key) => key.last_used_at ?? 0,
        cell: ({ row: { original } }) => (original.last_used_at ? <Moment at={original.last_used_at}>{ago(original.last_used_at, now)}</Moment> : 'Never'),
      },
      {
        id: 'expires',
        header: 'Expires',
        accessorFn: (key) => key.expires_at ?? Number.MAX_SAFE_INTEGER,
        cell: ({ row: { original } }) => (original.expires_at ? <Moment at={original.expires_at}>{date(original.expires_at, zone)}</Moment> : 'Never'),
      },
      {
        id: 'actions',
        header: () => <span className="only-spoken">Actions</span>,
        enableSorting: false,
        meta: { numeric: true },
        cell: ({ row: { original } }) =>
          original.revoked_at ? null : (
            <Button variant="default" size="xs" onClick={() => onRevoke(original)} aria-label={`Revoke ${original.name || original.redacted_value}`}>
              Revoke
            </Button>
          ),
      },
    ]
  }, [zone, onRevoke])
  return <DataTable caption="API keys" columns={columns} rows={keys} rowId={(key) => key.id} sortable initialSort={[{ id: 'created', desc: true }]} />
}
