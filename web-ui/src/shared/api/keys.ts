import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor } from './client'
import { page } from './schemas'

const apiKey = z.object({
  id: z.string(),
  name: z.nullish(z.string()),
  redacted_value: z.string(),
  created_at: z.number(),
  last_used_at: z.nullish(z.number()),
  expires_at: z.nullish(z.number()),
  revoked_at: z.nullish(z.number()),
})
export type ApiKey = z.infer<typeof apiKey>

const PAGES = 5

export const keysQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'keys'],
    queryFn: async ({ signal }) => {
      const keys: ApiKey[] = []
      let after: string | undefined
      for (let read = 0; read < PAGES; read++) {
        const found = await callFor(page(apiKey), `/v1/organization/projects/${encodeURIComponent(project)}/api_keys`, {
          query: { limit: 100, after },
          signal,
        })
        keys.push(...found.data)
        after = found.data.at(-1)?.id
        if (!found.has_more || !after) break
      }
      return keys
    },
  })
