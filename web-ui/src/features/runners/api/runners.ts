import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { page } from '@/shared/api/schemas'

const model = z.object({
  name: z.string(),
  role: z.string(),
  state: z.string(),
  pinned: z.boolean(),
  bytes: z.number(),
  progress: z.number(),
  error: z.nullish(z.string()),
  requests: z.number(),
  tokens_per_second: z.number(),
  rows: z.optional(z.number()),
  rows_max: z.optional(z.number()),
  waiting: z.optional(z.number()),
  cache_bytes: z.optional(z.number()),
  cache_bytes_max: z.optional(z.number()),
})
export type RunnerModel = z.infer<typeof model>

const capacity = z.object({
  device: z.string(),
  /** Why the device is not what one might expect. */
  device_note: z.optional(z.nullable(z.string())),
  draining: z.boolean(),
  requests: z.number(),
  memory: z.object({ budget_bytes: z.number(), promised_bytes: z.number(), resident_bytes: z.number() }),
  cpu_seconds: z.number(),
  models: z.array(model),
})

const runner = z.object({
  name: z.string(),
  url: z.string(),
  heartbeat_at: z.number(),
  /** Null when the runner did not answer. */
  capacity: z.nullable(capacity),
})
export type Runner = z.infer<typeof runner>

const REFRESH_MILLIS = 5_000

export const runnersQuery = queryOptions({
  queryKey: ['runners'],
  queryFn: ({ signal }) => callFor(page(runner), '/v1/postern/runners', { signal }),
  refetchInterval: REFRESH_MILLIS,
})
