import * as z from 'zod/mini'
import { callFor, send } from '@/shared/api/client'

const createdKey = z.object({ id: z.string(), name: z.nullish(z.string()), value: z.string() })
export type CreatedKey = z.infer<typeof createdKey>

export function createKey(project: string, name: string, expiresInDays: number | null): Promise<CreatedKey> {
  return callFor(createdKey, `/v1/postern/projects/${encodeURIComponent(project)}/api_keys`, {
    method: 'POST',
    body: expiresInDays === null ? { name } : { name, expires_in_days: expiresInDays },
  })
}

export async function revokeKey(project: string, key: string): Promise<void> {
  await send(`/v1/organization/projects/${encodeURIComponent(project)}/api_keys/${encodeURIComponent(key)}`, { method: 'DELETE' })
}
