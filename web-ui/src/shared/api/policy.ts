import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from './client'

export const actions = ['off', 'flag', 'redact', 'block'] as const
export type Action = (typeof actions)[number]

const policy = z.object({
  version: z.number(),
  detectors: z.record(z.string(), z.enum(actions)),
  block_list: z.array(z.string()),
  available: z.array(z.object({ name: z.string(), description: z.nullish(z.string()) })),
})
export type Policy = z.infer<typeof policy>

const path = (project: string) => `/v1/postern/projects/${encodeURIComponent(project)}/guardrail_policy`

export const policyQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'policy'],
    queryFn: ({ signal }) => callFor(policy, path(project), { signal }),
  })

export function savePolicy(project: string, change: Pick<Policy, 'version' | 'detectors' | 'block_list'>): Promise<Policy> {
  return callFor(policy, path(project), { method: 'PUT', body: change })
}
