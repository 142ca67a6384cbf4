import type { ChatBody, Message } from '@/shared/snippets'

export interface Turn {
  id: string
  role: 'user' | 'assistant'
  content: string
}

/** Empty means: leave it to the server. */
export interface Parameters {
  temperature: string
  topP: string
  maxTokens: string
  seed: string
  stop: string
}

export interface Column {
  id: string
  model: string | null
  parameters: Parameters
}

export const noParameters: Parameters = { temperature: '', topP: '', maxTokens: '', seed: '', stop: '' }
export const MOST_COLUMNS = 4

let counter = 0
const nextId = (kind: string) => `${kind}-${++counter}`

export const newTurn = (role: Turn['role'], content = ''): Turn => ({ id: nextId('turn'), role, content })
export const newColumn = (like?: Column): Column => ({ id: nextId('column'), model: like?.model ?? null, parameters: { ...(like?.parameters ?? noParameters) } })

function numeric(text: string): number | undefined {
  return text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)
}

/** The body of the call that a column stands for; what was left empty is left out. */
export function chatBody(model: string, system: string, turns: readonly Turn[], parameters: Parameters): ChatBody {
  const messages: Message[] = turns.filter(({ content }) => content !== '').map(({ role, content }) => ({ role, content }))
  if (system.trim()) messages.unshift({ role: 'system', content: system })
  const stop = parameters.stop.split('\n').filter((line) => line !== '')
  const body: ChatBody = {
    model,
    messages,
    temperature: numeric(parameters.temperature),
    top_p: numeric(parameters.topP),
    max_completion_tokens: numeric(parameters.maxTokens),
    seed: numeric(parameters.seed),
    stop: stop.length > 0 ? stop.slice(0, 4) : undefined,
  }
  return JSON.parse(JSON.stringify(body)) as ChatBody
}

/** The model to begin with. The list also names embedding models, which have no chat and say so only when called. */
export function suggestedModel(models: readonly string[]): string | null {
  return models.find((name) => /instruct|chat/i.test(name)) ?? models.find((name) => !/embed|minilm|bge/i.test(name)) ?? models[0] ?? null
}
