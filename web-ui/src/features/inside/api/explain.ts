import * as z from 'zod/mini'
import { callFor } from '@/shared/api/client'

const token = z.object({ id: z.number(), text: z.string() })
const scored = z.object({ id: z.number(), text: z.string(), logprob: z.number() })
const usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })

const explanation = z.object({
  prompt: z.array(token),
  answer: z.object({
    text: z.string(),
    generated: z.boolean(),
    tokens: z.array(z.object({ id: z.number(), text: z.string(), logprob: z.number(), top: z.array(scored) })),
  }),
  attribution: z.array(z.object({ from: z.number(), to: z.number(), text: z.string(), effect: z.number() })),
  layers: z.array(
    z.object({
      layer: z.number(),
      cells: z.array(z.object({ id: z.number(), text: z.string(), probability: z.number(), answer_probability: z.number(), answer_rank: z.number() })),
    }),
  ),
  usage,
})
export type Explanation = z.infer<typeof explanation>

const memorisation = z.object({
  prefix: z.array(token),
  rest: z.array(token),
  answer: z.object({ text: z.string(), tokens: z.array(token) }),
  exact_tokens: z.number(),
  similarity: z.number(),
  logprob_per_token: z.number(),
  variants: z.string(),
  variant_logprob_per_token: z.number(),
  rank: z.number(),
  exposure_bits: z.number(),
  usage,
})
export type Memorisation = z.infer<typeof memorisation>

const post = (project: string, body: object) => ({ method: 'POST', project, body }) as const

/** Why the model answers a message so; it writes the answer itself where none is given. */
export function explain(project: string, model: string, message: string, answer: string): Promise<Explanation> {
  const body = { model, messages: [{ role: 'user', content: message }], ...(answer ? { answer } : {}) }
  return callFor(explanation, '/v1/postern/explain', post(project, body))
}

/** Whether the model goes on with a text as it is. */
export function probe(project: string, model: string, text: string): Promise<Memorisation> {
  return callFor(memorisation, '/v1/postern/explain', post(project, { model, text }))
}
