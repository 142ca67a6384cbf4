import * as z from 'zod/mini'

const envelope = z.object({
  error: z.object({
    message: z.string(),
    type: z.nullish(z.string()),
    param: z.nullish(z.string()),
    code: z.nullish(z.string()),
  }),
})

/** What every failed call becomes: the OpenAI error envelope, the status and the request id, or why there was no answer. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'

  constructor(
    message: string,
    /** 0 when no answer came. */
    readonly status: number,
    readonly code: string | null = null,
    readonly requestId: string | null = null,
    readonly retryAfterSeconds: number | null = null,
    readonly param: string | null = null,
  ) {
    super(message)
  }

  get isOffline() {
    return this.status === 0
  }

  /** Whether the same call may succeed later without a change by the caller. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

export async function failureOf(response: Response): Promise<ApiFailure> {
  const requestId = response.headers.get('x-request-id')
  const retryAfter = Number.parseFloat(response.headers.get('retry-after') ?? '')
  const seconds = Number.isFinite(retryAfter) ? retryAfter : null
  const parsed = envelope.safeParse(await response.json().catch(() => null))
  if (!parsed.success) {
    return new ApiFailure(`The server answered ${response.status} without saying why.`, response.status, null, requestId, seconds)
  }
  const { message, code, param } = parsed.data.error
  return new ApiFailure(message, response.status, code ?? null, requestId, seconds, param ?? null)
}

/** An error that arrives inside a stream whose status was already 200. */
export function failureInStream(payload: unknown, requestId: string | null): ApiFailure | null {
  const parsed = envelope.safeParse(payload)
  if (!parsed.success) return null
  return new ApiFailure(parsed.data.error.message, 200, parsed.data.error.code ?? null, requestId)
}

export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error
  return new ApiFailure(error instanceof Error ? error.message : String(error), 0)
}
