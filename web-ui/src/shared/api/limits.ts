import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from './client'
import { money, type Money } from './schemas'

const share = z.object({ weight: z.number(), priority: z.boolean() })
export type Share = z.infer<typeof share>

const limits = z.object({
  max_concurrent_requests: z.nullish(z.number()),
  budget: z.object({ amount: z.nullable(money), spent: money }),
  share,
})
export type Limits = z.infer<typeof limits>

const path = (project: string) => `/v1/postern/projects/${encodeURIComponent(project)}/limits`

export const limitsQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'limits'],
    queryFn: ({ signal }) => callFor(limits, path(project), { signal }),
  })

/** Without a share it stays as it is; only the operator may change it. */
export function saveLimits(project: string, concurrent: number | null, amount: Money | null, share?: Share): Promise<Limits> {
  return callFor(limits, path(project), {
    method: 'PUT',
    body: { max_concurrent_requests: concurrent, budget: { amount, period: 'month' }, share },
  })
}
