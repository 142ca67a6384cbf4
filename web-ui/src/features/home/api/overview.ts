import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { money } from '@/shared/api/schemas'
import type { TimeRange } from '@/shared/state/timeRange'

const figures = z.object({
  requests: z.number(),
  errors: z.number(),
  p95_first_token_ms: z.nullish(z.number()),
  spend: money,
})

const overview = z.object({
  current: figures,
  previous: figures,
  budget: z.object({ limit: z.nullable(money), spent: money }),
  series: z.array(z.object({ start_time: z.number(), requests: z.number(), errors: z.number() })),
  top_models: z.array(z.object({ name: z.string(), requests: z.number(), spend: money })),
  top_keys: z.array(z.object({ id: z.nullish(z.string()), name: z.nullish(z.string()), requests: z.number(), spend: money })),
  top_errors: z.array(z.object({ code: z.string(), requests: z.number() })),
})
export type Overview = z.infer<typeof overview>

export const overviewQuery = (project: string, range: TimeRange) =>
  queryOptions({
    queryKey: ['project', project, 'overview', range.key],
    queryFn: ({ signal }) => {
      const { start, end } = range.window()
      return callFor(overview, '/v1/postern/overview', { query: { project_id: project, start_time: start, end_time: end }, signal })
    },
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  })
