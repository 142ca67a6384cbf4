import { Button } from '@mantine/core'
import { useMemo } from 'react'
import { date } from '@/shared/format/time'
import { useTimeRange } from '@/shared/state/timeRange'
import { DataTable, type Columns } from '@/shared/ui/DataTable'
import { Moment } from '@/shared/ui/Moment'
import type { Adapter } from '../api/adapters'

const millions = (count: number) => `${(count / 1e6).toFixed(2)} M`

export function AdapterTable({ adapters, onRemove }: { adapters: Adapter[]; onRemove: (adapter: Adapter) => void }) {
  const { zone } = useTimeRange()
  const columns = useMemo<Columns<Adapter>>(
    () => [
      { id: 'model', header: 'Called as', accessorFn: ({ model }) => model, cell: ({ getValue }) => <code className="mono">{getValue()}</code> },
      { id: 'rank', header: 'Rank', accessorFn: ({ rank }) => rank, meta: { numeric: true } },
      { id: 'targets', header: 'Changes', enableSorting: false, cell: ({ row }) => row.original.targets.join(', ') },
      { id: 'parameters', header: 'Parameters', accessorFn: ({ parameters }) => parameters, meta: { numeric: true }, cell: ({ getValue }) => millions(getValue()) },
      { id: 'digest', header: 'Digest', enableSorting: false, cell: ({ row }) => <code className="mono" title={row.original.digest}>{row.original.digest.slice(7, 19)}</code> },
      { id: 'created', header: 'Imported', accessorFn: (adapter) => adapter.created_at, cell: ({ getValue }) => <Moment at={getValue()}>{date(getValue(), zone)}</Moment> },
      {
        id: 'actions',
        header: () => <span className="only-spoken">Actions</span>,
        enableSorting: false,
        meta: { numeric: true },
        cell: ({ row: { original } }) => (
          <Button variant="default" size="xs" onClick={() => onRemove(original)} aria-label={`Remove ${original.model}`}>
            Remove
          </Button>
        ),
      },
    ],
    [zone, onRemove],
  )
  return <DataTable caption="Adapters" columns={columns} rows={adapters} rowId={({ id }) => id} sortable initialSort={[{ id: 'created', desc: true }]} />
}
