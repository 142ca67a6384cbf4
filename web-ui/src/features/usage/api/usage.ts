import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { money } from '@/shared/api/schemas'
import type { TimeRange, TimeWindow } from '@/shared/state/timeRange'
import type { Grouping } from '../search'
import { foldReport, type Report } from './report'

const groupNames = { model: z.nullish(z.string()), project_id: z.nullish(z.string()), api_key_id: z.nullish(z.string()) }

const usageResult = z.object({
  ...groupNames,
  input_tokens: z.optional(z.number()),
  output_tokens: z.nullish(z.number()),
  num_model_requests: z.number(),
})
export type UsageResult = z.infer<typeof usageResult>

const costResult = z.object({ ...groupNames, line_item: z.nullish(z.string()), amount: money })
export type CostResult = z.infer<typeof costResult>

export interface Bucket<T> {
  start_time: number
  results: T[]
}

const DAY = 86_400
const DAYS_A_PAGE = 31
const PAGES = 13

/** Whole days in UTC, as the ledger and the invoice count them. */
export function wholeDays({ start, end }: TimeWindow): TimeWindow {
  return { start: Math.floor(start / DAY) * DAY, end: Math.ceil(end / DAY) * DAY }
}

interface Question {
  window: TimeWindow
  projects: string[]
  groupBy: string
  signal: AbortSignal
}

async function readBuckets<T>(result: z.ZodMiniType<T>, path: string, { window, projects, groupBy, signal }: Question): Promise<Bucket<T>[]> {
  const answer = z.object({
    data: z.array(z.object({ start_time: z.number(), results: z.array(result) })),
    has_more: z.boolean(),
    next_page: z.nullish(z.string()),
  })
  const buckets: Bucket<T>[] = []
  let next: string | null | undefined
  for (let page = 0; page < PAGES; page++) {
    const found = await callFor(answer, path, {
      query: { start_time: window.start, end_time: window.end, bucket_width: '1d', limit: DAYS_A_PAGE, group_by: groupBy, project_ids: projects, page: next },
      signal,
    })
    buckets.push(...found.data)
    next = found.next_page
    if (!found.has_more || !next) return buckets
  }
  throw new Error('The time range is too long for a report by day. Choose a year or less.')
}

const usageGroup: Record<Grouping, string> = { model: 'model', project: 'project_id', key: 'api_key_id' }
const costGroup: Record<Grouping, string> = { model: 'line_item', project: 'project_id', key: 'api_key_id' }

/** Spend, tokens and requests by day and group. Grouping by project compares all projects; the others show this one. */
export const reportQuery = (project: string, range: TimeRange, grouping: Grouping) =>
  queryOptions({
    queryKey: ['project', project, 'usage-report', range.key, grouping],
    queryFn: async ({ signal }): Promise<Report> => {
      const window = wholeDays(range.window())
      const question = { window, projects: grouping === 'project' ? [] : [project], signal }
      const [completions, embeddings, costs] = await Promise.all([
        readBuckets(usageResult, '/v1/organization/usage/completions', { ...question, groupBy: usageGroup[grouping] }),
        readBuckets(usageResult, '/v1/organization/usage/embeddings', { ...question, groupBy: usageGroup[grouping] }),
        readBuckets(costResult, '/v1/organization/costs', { ...question, groupBy: costGroup[grouping] }),
      ])
      return foldReport(grouping, window, [...completions, ...embeddings], costs)
    },
    placeholderData: keepPreviousData,
  })
