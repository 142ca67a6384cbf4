import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { page } from '@/shared/api/schemas'

const quality = z.object({
  tokens_per_cpu_second: z.number(),
  tokens_per_cpu_second_of_8: z.number(),
  /** Mean Kullback-Leibler divergence from the model in floats, in nats. */
  divergence: z.number(),
  perplexity: z.number(),
  perplexity_change: z.number(),
  agreement: z.number(),
  faithful: z.boolean(),
})
export type Quality = z.infer<typeof quality>

const format = z.object({
  name: z.string(),
  digest: z.string(),
  bytes: z.number(),
  served: z.boolean(),
  servable: z.boolean(),
  quality: z.nullable(quality),
})
export type StoredFormat = z.infer<typeof format>

const card = z.object({
  title: z.string(),
  source: z.string(),
  source_digest: z.string(),
  licence: z.string(),
  family: z.string(),
  architecture: z.string(),
  layers: z.number(),
  parameters: z.number(),
  parts: z.array(z.object({ name: z.string(), parameters: z.number() })),
  tokenizer: z.string(),
  vocabulary: z.number(),
  templated: z.boolean(),
})
export type Card = z.infer<typeof card>

const model = z.object({
  name: z.string(),
  role: z.string(),
  digest: z.string(),
  context_length: z.number(),
  width: z.number(),
  why: z.nullable(z.string()),
  card: z.nullable(card),
  formats: z.array(format),
})
export type InstalledModel = z.infer<typeof model>

const job = z.object({
  id: z.string(),
  kind: z.enum(['measure', 'quantize']),
  model: z.string(),
  format: z.nullable(z.string()),
  state: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled', 'interrupted']),
  step: z.string(),
  progress: z.number(),
  error: z.nullable(z.string()),
  created_at: z.number(),
  started_at: z.nullable(z.number()),
  ended_at: z.nullable(z.number()),
})
export type Job = z.infer<typeof job>

export const isOpen = (one: Job) => one.state === 'queued' || one.state === 'running'

const MODELS_MILLIS = 10_000
const OPEN_JOBS_MILLIS = 1_500
const ENDED_JOBS_MILLIS = 15_000

export const installedModelsQuery = queryOptions({
  queryKey: ['installed-models'],
  queryFn: ({ signal }) => callFor(page(model), '/v1/postern/models', { signal }),
  refetchInterval: MODELS_MILLIS,
})

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) => callFor(page(job), '/v1/postern/jobs', { signal }),
  refetchInterval: ({ state }) => (state.data?.data.some(isOpen) ? OPEN_JOBS_MILLIS : ENDED_JOBS_MILLIS),
})

export interface Target {
  format: string
  max_bytes?: number
  max_divergence?: number
}

const pathOf = (name: string, action: string) => `/v1/postern/models/${encodeURIComponent(name)}/${action}`

export const measure = (name: string) => callFor(job, pathOf(name, 'measure'), { method: 'POST', body: {} })
export const quantize = (name: string, target: Target) => callFor(job, pathOf(name, 'quantize'), { method: 'POST', body: target })
export const serve = (name: string, digest: string) => callFor(model, pathOf(name, 'serve'), { method: 'POST', body: { digest } })
export const cancel = (id: string) => callFor(job, `/v1/postern/jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST', body: {} })
