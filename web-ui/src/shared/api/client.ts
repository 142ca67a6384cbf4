import * as z from 'zod/mini'
import { ApiFailure, failureOf } from './failure'

type Query = Record<string, string | number | readonly string[] | null | undefined>

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  query?: Query
  body?: unknown
  /** The project that an inference call belongs to; console routes name it in the path or query. */
  project?: string
  signal?: AbortSignal
}

let csrfToken: string | null = null

/** The token of the current session; every call that changes something carries it. */
export function setCsrfToken(token: string | null) {
  csrfToken = token
}

export function pathWithQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue
    if (typeof value === 'object') value.forEach((item) => search.append(name, item))
    else search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `${path}?${text}` : path
}

/** One call with the session's cookie. Throws {@link ApiFailure}, or the abort's DOMException. */
export async function send(path: string, call: Call = {}): Promise<Response> {
  const method = call.method ?? 'GET'
  const headers: Record<string, string> = { accept: 'application/json' }
  if (call.body !== undefined) headers['content-type'] = 'application/json'
  if (method !== 'GET' && csrfToken) headers['x-postern-csrf'] = csrfToken
  if (call.project) headers['openai-project'] = call.project
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
  if (call.body !== undefined) init.body = JSON.stringify(call.body)
  if (call.signal) init.signal = call.signal

  let response: Response
  try {
    response = await fetch(pathWithQuery(path, call.query), init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiFailure('The server cannot be reached.', 0)
  }
  if (!response.ok) throw await failureOf(response)
  return response
}

/** Sends a form with files. A fetch does not say how far it is; an XMLHttpRequest does. */
export function upload<T>(schema: z.ZodMiniType<T>, path: string, form: FormData, onProgress: (part: number) => void): Promise<T> {
  return new Promise<Response>((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.setRequestHeader('accept', 'application/json')
    if (csrfToken) request.setRequestHeader('x-postern-csrf', csrfToken)
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total)
    })
    request.addEventListener('load', () => {
      const headers = new Headers()
      for (const name of ['x-request-id', 'retry-after']) {
        const value = request.getResponseHeader(name)
        if (value) headers.set(name, value)
      }
      resolve(new Response(request.responseText, { status: request.status, headers }))
    })
    request.addEventListener('error', () => reject(new ApiFailure('The server cannot be reached.', 0)))
    request.send(form)
  }).then(async (response) => {
    if (!response.ok) throw await failureOf(response)
    return shaped(schema, path, response)
  })
}

/** Calls, and holds the answer to its schema: what a page reads has the shape that its types say. */
export async function callFor<T>(schema: z.ZodMiniType<T>, path: string, call: Call = {}): Promise<T> {
  return shaped(schema, path, await send(path, call))
}

async function shaped<T>(schema: z.ZodMiniType<T>, path: string, response: Response): Promise<T> {
  const requestId = response.headers.get('x-request-id')
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue?.path.length ? ` at ${issue.path.join('.')}` : ''
    throw new ApiFailure(`The answer of ${path} is not what the console expects${where}.`, response.status, 'unexpected_answer', requestId)
  }
  return parsed.data
}
