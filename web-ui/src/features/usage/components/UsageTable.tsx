import { useMemo } from 'react'
import { exactMoney, totalMoney } from '@/shared/format/money'
import { count, percent } from '@/shared/format/numbers'
import { DataTable, type Columns } from '@/shared/ui/DataTable'
import { Panel } from '@/shared/ui/Panel'
import type { Report, ReportRow } from '../api/report'

interface UsageTableProps {
  report: Report
  groupLabel: string
  nameOf: (group: string) => string
}

export function UsageTable({ report, groupLabel, nameOf }: UsageTableProps) {
  const { rows, total } = report
  const whole = Number(total.spend.value)
  const columns = useMemo<Columns<ReportRow>>(
    () => [
      { id: 'group', header: groupLabel, accessorFn: ({ group }) => nameOf(group) },
      { id: 'requests', header: 'Requests', accessorKey: 'requests', meta: { numeric: true }, cell: ({ getValue }) => count(getValue()) },
      { id: 'input', header: 'Input tokens', accessorKey: 'inputTokens', meta: { numeric: true }, cell: ({ getValue }) => count(getValue()) },
      { id: 'output', header: 'Output tokens', accessorKey: 'outputTokens', meta: { numeric: true }, cell: ({ getValue }) => count(getValue()) },
      {
        id: 'spend',
        header: 'Spend',
        accessorFn: ({ spend }) => Number(spend.value),
        meta: { numeric: true },
        cell: ({ row: { original } }) => <span title={exactMoney(original.spend)}>{totalMoney(original.spend, total.spend)}</span>,
      },
      {
        id: 'share',
        header: 'Share',
        accessorFn: ({ spend }) => (whole === 0 ? 0 : Number(spend.value) / whole),
        meta: { numeric: true },
        cell: ({ getValue }) => percent(getValue()),
      },
    ],
    [groupLabel, nameOf, whole, total.spend],
  )
  return (
    <Panel title={`By ${groupLabel.toLowerCase()}`} flush>
      <DataTable
        caption={`Usage by ${groupLabel.toLowerCase()}`}
        columns={columns}
        rows={rows}
        rowId={({ group }) => group}
        sortable
        initialSort={[{ id: 'spend', desc: true }]}
        footer={[
          'Total',
          count(total.requests),
          count(total.inputTokens),
          count(total.outputTokens),
          <span key="spend" title={exactMoney(total.spend)}>
            {totalMoney(total.spend)}
          </span>,
          '',
        ]}
      />
    </Panel>
  )
}
