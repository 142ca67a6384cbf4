import { useNavigate, useSearch } from '@tanstack/react-router'
import { date, dateTimeShort, type Zone } from '@/shared/format/time'

export const ranges = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', month: 'This month' } as const
export type RangeName = keyof typeof ranges

const seconds: Record<Exclude<RangeName, 'month'>, number> = { '1h': 3_600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400 }

/** The window and the zone of every page, kept in the URL so that a link shows what its sender saw. */
export interface TimeSearch {
  range?: RangeName
  from?: number
  to?: number
  zone?: 'utc'
}

export function readTimeSearch(search: Record<string, unknown>): TimeSearch {
  const found: TimeSearch = {}
  if (typeof search['range'] === 'string' && Object.hasOwn(ranges, search['range'])) found.range = search['range'] as RangeName
  const { from, to } = search
  if (typeof from === 'number' && typeof to === 'number' && from < to) {
    found.from = Math.floor(from)
    found.to = Math.floor(to)
  }
  if (search['zone'] === 'utc') found.zone = 'utc'
  return found
}

export interface TimeWindow {
  start: number
  end: number
}

/** A relative range is resolved when it is asked for, so that a refresh moves with the clock. */
export function resolveWindow({ range = '24h', from, to }: TimeSearch, now: number): TimeWindow {
  if (from !== undefined && to !== undefined) return { start: from, end: to }
  const end = Math.floor(now) + 1
  if (range === 'month') {
    const today = new Date(now * 1_000)
    return { start: Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), 1) / 1_000, end }
  }
  return { start: end - seconds[range], end }
}

export interface TimeRange {
  search: TimeSearch
  zone: Zone
  label: string
  /** For cache keys: the same for a relative range at any moment. */
  key: string
  window: () => TimeWindow
}

export function describe(search: TimeSearch): TimeRange {
  const zone: Zone = search.zone ?? 'local'
  const { from, to, range = '24h' } = search
  const isFixed = from !== undefined && to !== undefined
  const format = isFixed && to - from >= 2 * 86_400 ? date : dateTimeShort
  return {
    search,
    zone,
    label: isFixed ? `${format(from, zone)} – ${format(to, zone)}` : ranges[range],
    key: isFixed ? `${from}-${to}` : range,
    window: () => resolveWindow(search, Date.now() / 1_000),
  }
}

export function useTimeRange(): TimeRange {
  return describe(useSearch({ strict: false }) as TimeSearch)
}

export function useSetTime(): (change: TimeSearch) => void {
  const navigate = useNavigate()
  return (change) => {
    void navigate({ to: '.', search: ((previous: TimeSearch) => ({ ...previous, ...change })) as never, replace: true })
  }
}
