import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'
import { page } from '@/shared/api/schemas'

/** Whether the project has ever been called; asked again until it has. */
export const firstRequestQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'first-request'],
    queryFn: async ({ signal }) => {
      const found = await callFor(page(z.object({ id: z.string() })), '/v1/postern/requests', {
        query: { project_id: project, limit: 1 },
        signal,
      })
      return found.data.length > 0
    },
    refetchInterval: ({ state }) => (state.data ? false : 5_000),
  })
