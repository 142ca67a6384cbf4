import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { ApiFailure } from '@/shared/api/failure'
import { money } from '@/shared/api/schemas'

const bill = z.object({
  id: z.string(),
  input_tokens: z.number(),
  cached_tokens: z.number(),
  output_tokens: z.number(),
  amount: z.nullish(money),
})

/** What the ledger holds for a call that has ended. A cancelled one is settled a moment after the browser has left. */
export const billQuery = (project: string, requestId: string | null) =>
  queryOptions({
    queryKey: ['project', project, 'bill', requestId],
    queryFn: ({ signal }) => callFor(bill, `/v1/postern/requests/${encodeURIComponent(requestId ?? '')}`, { query: { project_id: project }, signal }),
    enabled: requestId !== null,
    staleTime: Infinity,
    retry: (count, error) => error instanceof ApiFailure && error.status === 404 && count < 6,
    retryDelay: 500,
  })
