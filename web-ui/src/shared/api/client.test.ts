import { afterEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { callFor, pathWithQuery, send, setCsrfToken } from './client'
import { ApiFailure } from './failure'

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const fetched = vi.fn<typeof fetch>(async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers }))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

const failureOf = (call: Promise<unknown>) => call.then(() => expect.unreachable(), (error: unknown) => error as ApiFailure)

describe('the API client', () => {
  afterEach(() => setCsrfToken(null))

  it('sends the CSRF token with what changes something and never with a read', async () => {
    const fetched = answer(200, {})
    setCsrfToken('token')
    await send('/v1/x')
    await send('/v1/x', { method: 'POST', body: { a: 1 }, project: 'proj_1' })
    const [read, write] = fetched.mock.calls.map(([, init]) => init?.headers as Record<string, string>)
    expect(read).not.toHaveProperty('x-postern-csrf')
    expect(write).toMatchObject({ 'x-postern-csrf': 'token', 'openai-project': 'proj_1', 'content-type': 'application/json' })
  })

  it('turns the error envelope into a failure with request id and waiting time', async () => {
    answer(429, { error: { message: 'Slow down.', type: 'requests', param: null, code: 'rate_limit_exceeded' } }, { 'x-request-id': 'req_1', 'retry-after': '7' })
    const failure = await failureOf(send('/v1/x'))
    expect(failure).toBeInstanceOf(ApiFailure)
    expect(failure).toMatchObject({ message: 'Slow down.', status: 429, code: 'rate_limit_exceeded', requestId: 'req_1', retryAfterSeconds: 7, isPassing: true })
  })

  it('has words for an answer that is no envelope, such as that of a proxy', async () => {
    answer(502, '<html>Bad gateway</html>')
    expect(await failureOf(send('/v1/x'))).toMatchObject({ status: 502, code: null, message: 'The server answered 502 without saying why.' })
  })

  it('tells an unreachable server from an aborted call', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')))
    expect(await failureOf(send('/v1/x'))).toMatchObject({ status: 0, isOffline: true })
    vi.stubGlobal('fetch', async () => Promise.reject(new DOMException('stop', 'AbortError')))
    await expect(send('/v1/x')).rejects.toBeInstanceOf(DOMException)
  })

  it('refuses an answer of another shape, and says where it differs', async () => {
    answer(200, { data: [{ id: 5 }] })
    const failure = await failureOf(callFor(z.object({ data: z.array(z.object({ id: z.string() })) }), '/v1/x'))
    expect(failure).toMatchObject({ code: 'unexpected_answer' })
    expect(failure.message).toContain('data.0.id')
  })

  it('leaves empty parameters out of the address and repeats lists', () => {
    expect(pathWithQuery('/v1/x', { a: 'b c', none: undefined, empty: '', list: ['1', '2'] })).toBe('/v1/x?a=b+c&list=1&list=2')
    expect(pathWithQuery('/v1/x')).toBe('/v1/x')
  })
})
