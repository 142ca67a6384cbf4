import { Button, Menu } from '@mantine/core'
import { pathWithQuery } from '@/shared/api/client'
import { useScope } from '@/shared/state/scope'
import type { TimeRange } from '@/shared/state/timeRange'
import { IconDownload, IconFileInvoice } from '@/shared/ui/icons'
import { wholeDays } from '../api/usage'

/** This month and the two before it, newest first, as yyyy-mm. */
export function recentMonths(now: Date): string[] {
  return [0, 1, 2].map((back) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7))
}

export function ExportMenu({ range }: { range: TimeRange }) {
  const { project } = useScope()
  const { start, end } = wholeDays(range.window())
  const exported = (format: string) => pathWithQuery('/v1/exports/usage', { format, start_time: start, end_time: end, project_id: project })
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconFileInvoice size={16} aria-hidden />}>
            Invoices
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {recentMonths(new Date()).map((month) => (
            <Menu.Item key={month} component="a" href={pathWithQuery(`/v1/invoices/${month}`, { format: 'csv' })} download={`invoice-${month}.csv`}>
              {month} (CSV)
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button variant="default" component="a" href={exported('csv')} download="usage.csv" leftSection={<IconDownload size={16} aria-hidden />}>
        Usage as CSV
      </Button>
    </>
  )
}
