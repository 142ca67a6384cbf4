import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { money, page } from '@/shared/api/schemas'
import type { TimeRange } from '@/shared/state/timeRange'
import { outcomes, type RequestFilters } from '../search'

const request = z.object({
  id: z.string(),
  created_at: z.number(),
  endpoint: z.string(),
  outcome: z.enum(outcomes),
  http_status: z.nullish(z.number()),
  error_code: z.nullish(z.string()),
  model: z.nullish(z.string()),
  version: z.nullish(z.string()),
  project_id: z.string(),
  api_key_id: z.nullish(z.string()),
  key_name: z.nullish(z.string()),
  input_tokens: z.number(),
  cached_tokens: z.number(),
  reasoning_tokens: z.number(),
  output_tokens: z.number(),
  first_token_ms: z.nullish(z.number()),
  total_ms: z.nullish(z.number()),
  amount: z.nullish(money),
  verdict: z.enum(['none', 'flag', 'redact', 'block']),
  streamed: z.boolean(),
})
export type LoggedRequest = z.infer<typeof request>

/** Whose call it was: a key, or a person signed in to the console. */
export function callerOf({ api_key_id, key_name }: LoggedRequest): string {
  if (api_key_id) return key_name ?? api_key_id
  return key_name ? `${key_name} (console)` : 'Console'
}

const requestDetail = z.extend(request, {
  stages: z.array(z.object({ name: z.string(), ms: z.number() })),
  findings: z.array(z.object({ detector: z.string(), action: z.string(), stage: z.string(), count: z.number() })),
  /** The unit is a million tokens. */
  price_lines: z.array(z.object({ kind: z.string(), quantity: z.number(), unit_price: money, amount: money, effective_from: z.nullish(z.number()) })),
  runner_cpu_ms: z.nullish(z.number()),
})
export type RequestDetail = z.infer<typeof requestDetail>

const PAGE_SIZE = 50

export const requestsQuery = (project: string, range: TimeRange, filters: RequestFilters, live: boolean) =>
  infiniteQueryOptions({
    queryKey: ['project', project, 'requests', range.key, filters],
    initialPageParam: { after: undefined as string | undefined, window: undefined as { start: number; end: number } | undefined },
    queryFn: async ({ pageParam, signal }) => {
      // Later pages keep the window of the first, or rows would shift between pages.
      const window = pageParam.window ?? range.window()
      const found = await callFor(page(request), '/v1/postern/requests', {
        query: {
          project_id: project,
          start_time: window.start,
          end_time: window.end,
          model: filters.model,
          api_key_id: filters.key,
          outcome: filters.outcome,
          limit: PAGE_SIZE,
          after: pageParam.after,
        },
        signal,
      })
      return { ...found, window }
    },
    getNextPageParam: (last) => (last.has_more ? { after: last.data.at(-1)?.id, window: last.window } : undefined),
    placeholderData: keepPreviousData,
    refetchInterval: live ? 3_000 : false,
  })

export const requestQuery = (project: string, id: string) =>
  queryOptions({
    queryKey: ['project', project, 'request', id],
    queryFn: ({ signal }) => callFor(requestDetail, `/v1/postern/requests/${encodeURIComponent(id)}`, { query: { project_id: project }, signal }),
    // A request that has ended does not change any more.
    staleTime: Infinity,
  })
