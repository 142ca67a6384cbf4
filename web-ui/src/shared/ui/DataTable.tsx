import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type ColumnDef, type SortingState } from '@tanstack/react-table'
import { useState, type ReactNode } from 'react'
import classes from './DataTable.module.css'
import { IconSelector } from './icons'

declare module '@tanstack/react-table' {
  interface ColumnMeta<TData, TValue> {
    numeric?: boolean
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- the value type differs by column
export type Columns<T> = ColumnDef<T, any>[]

interface DataTableProps<T> {
  caption: string
  columns: Columns<T>
  rows: T[]
  rowId: (row: T) => string
  /** Only for rows that are all here: sorting one page of many would mislead. */
  sortable?: boolean
  initialSort?: SortingState
  selectedId?: string | null
  footer?: readonly ReactNode[]
}

export function DataTable<T>({ caption, columns, rows, rowId, sortable = false, initialSort = [], selectedId, footer }: DataTableProps<T>) {
  const [sorting, setSorting] = useState<SortingState>(initialSort)
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowId,
    enableSorting: sortable,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  })
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label={caption}>
      <table className={classes.table}>
        <caption className={classes.caption}>{caption}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map(({ id, column, getContext }) => {
                const sorted = column.getIsSorted()
                const label = flexRender(column.columnDef.header, getContext())
                return (
                  <th
                    key={id}
                    scope="col"
                    data-numeric={column.columnDef.meta?.numeric}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
                  >
                    {column.getCanSort() ? (
                      <button type="button" className={classes.sort} onClick={column.getToggleSortingHandler()}>
                        {label}
                        {sorted ? <span aria-hidden>{sorted === 'asc' ? '↑' : '↓'}</span> : <IconSelector size={13} aria-hidden />}
                      </button>
                    ) : (
                      label
                    )}
                  </th>
                )
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} data-row={row.id} data-selected={row.id === selectedId || undefined}>
              {row.getVisibleCells().map((cell) => (
                <td key={cell.id} data-numeric={cell.column.columnDef.meta?.numeric}>
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {footer && (
          <tfoot>
            <tr>
              {footer.map((cell, index) => (
                <td key={index} data-numeric={columns[index]?.meta?.numeric}>
                  {cell}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  )
}
