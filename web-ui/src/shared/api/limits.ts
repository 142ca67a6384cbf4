import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from './client'
import { money, type Money } from './schemas'

const limits = z.object({
  max_concurrent_requests: z.nullish(z.number()),
  budget: z.object({ amount: z.nullable(money), spent: money }),
})
export type Limits = z.infer<typeof limits>

const path = (project: string) => `/v1/postern/projects/${encodeURIComponent(project)}/limits`

export const limitsQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'limits'],
    queryFn: ({ signal }) => callFor(limits, path(project), { signal }),
  })

export function saveLimits(project: string, concurrent: number | null, amount: Money | null): Promise<Limits> {
  return callFor(limits, path(project), {
    method: 'PUT',
    body: { max_concurrent_requests: concurrent, budget: { amount, period: 'month' } },
  })
}
