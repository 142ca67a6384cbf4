import { queryOptions } from '@tanstack/react-query'
import * as z from 'zod/mini'
import { callFor, send, setCsrfToken } from './client'
import { ApiFailure } from './failure'
import { page } from './schemas'

const session = z.object({
  user: z.object({ id: z.string(), email: z.string(), name: z.nullish(z.string()), role: z.string() }),
  organization: z.object({ id: z.string(), name: z.string() }),
  csrf_token: z.string(),
  expires_at: z.number(),
})
export type Session = z.infer<typeof session>

const project = z.object({ id: z.string(), name: z.string(), status: z.optional(z.string()) })
export type Project = z.infer<typeof project>

async function fetchSession(): Promise<Session | null> {
  try {
    const found = await callFor(session, '/v1/postern/session')
    setCsrfToken(found.csrf_token)
    return found
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) return null
    throw error
  }
}

/** Null when nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: fetchSession,
  staleTime: 5 * 60_000,
  retry: (count, error) => error instanceof ApiFailure && error.isPassing && count < 2,
})

export async function signIn(email: string, password: string): Promise<Session> {
  const opened = await callFor(session, '/v1/postern/session', { method: 'POST', body: { email, password } })
  setCsrfToken(opened.csrf_token)
  return opened
}

export async function signOut(): Promise<void> {
  await send('/v1/postern/session', { method: 'DELETE' })
  setCsrfToken(null)
}

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async ({ signal }) => {
    const found = await callFor(page(project), '/v1/organization/projects', { query: { limit: 100 }, signal })
    return found.data.filter((one) => one.status !== 'archived')
  },
  staleTime: 60_000,
})
