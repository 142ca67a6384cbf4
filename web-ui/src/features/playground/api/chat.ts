import * as z from 'zod/mini'
import { send } from '@/shared/api/client'
import { ApiFailure, failureInStream } from '@/shared/api/failure'
import { readEvents } from '@/shared/api/sse'
import type { ChatBody } from '@/shared/snippets'

const usage = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  prompt_tokens_details: z.nullish(z.object({ cached_tokens: z.nullish(z.number()) })),
})
export type Usage = z.infer<typeof usage>

const chunk = z.object({
  choices: z.array(
    z.object({
      delta: z.object({ content: z.nullish(z.string()), refusal: z.nullish(z.string()) }),
      finish_reason: z.nullish(z.string()),
    }),
  ),
  usage: z.nullish(usage),
})

export interface StreamListener {
  onStart: (requestId: string | null) => void
  onText: (text: string) => void
}

export interface StreamEnd {
  finishReason: string | null
  usage: Usage | null
}

/** One streamed answer. Ends when the stream does; aborting the signal disconnects, which stops the generation. */
export async function streamChat(project: string, body: ChatBody, signal: AbortSignal, { onStart, onText }: StreamListener): Promise<StreamEnd> {
  const response = await send('/v1/chat/completions', {
    method: 'POST',
    project,
    body: { ...body, stream: true, stream_options: { include_usage: true } },
    signal,
  })
  const requestId = response.headers.get('x-request-id')
  onStart(requestId)
  const end: StreamEnd = { finishReason: null, usage: null }
  if (!response.body) throw new ApiFailure('The answer has no body.', response.status, 'unexpected_answer', requestId)
  for await (const data of readEvents(response.body)) {
    if (data === '[DONE]') return end
    const payload: unknown = JSON.parse(data)
    const failure = failureInStream(payload, requestId)
    if (failure) throw failure
    const { choices, usage: counted } = chunk.parse(payload)
    const choice = choices[0]
    const text = choice?.delta.content ?? choice?.delta.refusal
    if (text) onText(text)
    if (choice?.finish_reason) end.finishReason = choice.finish_reason
    if (counted) end.usage = counted
  }
  throw new ApiFailure('The connection was lost before the answer was complete.', 0, 'stream_cut', requestId)
}
