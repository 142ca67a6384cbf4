import type { ReactNode } from 'react'
import classes from './DataTable.module.css'

interface PlainTableProps {
  caption: string
  /** The first column names the row; the others are numbers. */
  columns: readonly string[]
  rows: readonly (readonly ReactNode[])[]
  footer?: readonly ReactNode[]
}

export function PlainTable({ caption, columns, rows, footer }: PlainTableProps) {
  return (
    <table className={classes.table}>
      <caption className={classes.caption}>{caption}</caption>
      <thead>
        <tr>
          {columns.map((column, index) => (
            <th key={column} scope="col" data-numeric={index > 0 || undefined}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells, row) => (
          <tr key={row}>
            {cells.map((cell, index) =>
              index === 0 ? (
                <th key={index} scope="row">
                  {cell}
                </th>
              ) : (
                <td key={index} data-numeric>
                  {cell}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
      {footer && (
        <tfoot>
          <tr>
            {footer.map((cell, index) => (
              <td key={index} data-numeric={index > 0 || undefined}>
                {cell}
              </td>
            ))}
          </tr>
        </tfoot>
      )}
    </table>
  )
}
