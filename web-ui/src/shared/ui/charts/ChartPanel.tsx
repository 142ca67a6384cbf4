import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { IconChartBar, IconTable } from '../icons'
import { Panel } from '../Panel'
import { PlainTable } from '../PlainTable'
import classes from './ChartPanel.module.css'

export interface ChartTable {
  columns: readonly string[]
  rows: readonly (readonly string[])[]
}

interface ChartPanelProps {
  title: string
  note?: ReactNode
  actions?: ReactNode
  /** One sentence with what the chart tells, for those who do not see it. */
  summary: string
  /** Every value of the chart. */
  table: ChartTable
  children: ReactNode
}

/** A chart with its accessible twin. */
export function ChartPanel({ title, note, actions, summary, table, children }: ChartPanelProps) {
  const [asTable, setAsTable] = useState(false)
  const toggle = (
    <Button
      variant="default"
      size="xs"
      aria-pressed={asTable}
      leftSection={asTable ? <IconChartBar size={14} aria-hidden /> : <IconTable size={14} aria-hidden />}
      onClick={() => setAsTable(!asTable)}
    >
      {asTable ? 'Show as chart' : 'Show as table'}
    </Button>
  )
  return (
    <Panel title={title} note={note} actions={<>{actions}{toggle}</>}>
      <p className={classes.summary}>{summary}</p>
      {asTable ? (
        <div className={classes.table} tabIndex={0} role="region" aria-label={`${title} as a table`}>
          <PlainTable caption={title} columns={table.columns} rows={table.rows} />
        </div>
      ) : (
        children
      )}
    </Panel>
  )
}
