import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor, send, upload } from '@/shared/api/client'
import { page } from '@/shared/api/schemas'

const adapter = z.object({
  id: z.string(),
  model: z.string(),
  base: z.string(),
  name: z.string(),
  digest: z.string(),
  rank: z.number(),
  targets: z.array(z.string()),
  parameters: z.number(),
  bytes: z.number(),
  created_at: z.number(),
})
export type Adapter = z.infer<typeof adapter>

const path = '/v1/postern/adapters'

/** A project has at most as many as a page holds. */
export const adaptersQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project, 'adapters'],
    queryFn: async ({ signal }) => (await callFor(page(adapter), path, { query: { project_id: project, limit: 100 }, signal })).data,
  })

export interface NewAdapter {
  project: string
  model: string
  name: string
  config: File
  weights: File
}

/** @param onProgress hears which part of the files is with the server, 0 to 1 */
export function addAdapter({ project, model, name, config, weights }: NewAdapter, onProgress: (part: number) => void): Promise<Adapter> {
  const form = new FormData()
  form.set('model', model)
  form.set('name', name)
  form.set('project_id', project)
  form.set('config', config)
  form.set('weights', weights)
  return upload(adapter, path, form, onProgress)
}

export async function removeAdapter(id: string): Promise<void> {
  await send(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' })
}
