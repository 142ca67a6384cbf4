import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from './client'
import { page } from './schemas'

const model = z.object({ id: z.string() })

export const modelsQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'models'],
    queryFn: async ({ signal }) => (await callFor(page(model), '/v1/models', { project, signal })).data.map(({ id }) => id),
    staleTime: 60_000,
  })
