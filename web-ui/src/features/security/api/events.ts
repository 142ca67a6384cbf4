import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { page } from '@/shared/api/schemas'
import type { TimeRange } from '@/shared/state/timeRange'

const securityEvent = z.object({
  id: z.string(),
  created_at: z.number(),
  request_id: z.string(),
  api_key_id: z.nullish(z.string()),
  detector: z.string(),
  action: z.string(),
  stage: z.string(),
  count: z.number(),
})
export type SecurityEvent = z.infer<typeof securityEvent>

const PAGE_SIZE = 50

export const eventsQuery = (project: string, range: TimeRange) =>
  infiniteQueryOptions({
    queryKey: ['project', project, 'security-events', range.key],
    initialPageParam: { after: undefined as string | undefined, window: undefined as { start: number; end: number } | undefined },
    queryFn: async ({ pageParam, signal }) => {
      const window = pageParam.window ?? range.window()
      const found = await callFor(page(securityEvent), '/v1/postern/security_events', {
        query: { project_id: project, start_time: window.start, end_time: window.end, limit: PAGE_SIZE, after: pageParam.after },
        signal,
      })
      return { ...found, window }
    },
    getNextPageParam: (last) => (last.has_more ? { after: last.data.at(-1)?.id, window: last.window } : undefined),
    placeholderData: keepPreviousData,
  })
