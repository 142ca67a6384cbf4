import { describe, expect, it } from 'vitest'
import { finishedSentences } from '../components/Answer'
import { chatBody, newTurn, noParameters, suggestedModel } from './conversation'
import { tokensPerSecond } from './useRuns'

describe('the playground', () => {
  it('leaves out of the call what was left empty', () => {
    expect(chatBody('m', ' ', [newTurn('user', 'Hi'), newTurn('user')], noParameters)).toEqual({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  })

  it('sends numbers as numbers and at most four stop texts', () => {
    const parameters = { temperature: '0', topP: '0.9', maxTokens: '12', seed: '7', stop: 'a\n\nb\nc\nd\ne' }
    expect(chatBody('m', 'Be brief.', [newTurn('user', 'Hi')], parameters)).toEqual({
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 0,
      top_p: 0.9,
      max_completion_tokens: 12,
      seed: 7,
      stop: ['a', 'b', 'c', 'd'],
    })
  })

  it('begins with a model that can chat', () => {
    expect(suggestedModel(['all-minilm-l6-v2', 'smollm2-135m-instruct'])).toBe('smollm2-135m-instruct')
    expect(suggestedModel(['text-embed', 'other'])).toBe('other')
    expect(suggestedModel([])).toBeNull()
  })

  it('reads out whole sentences only, until the answer has ended', () => {
    expect(finishedSentences('One. Two! Thr', false)).toEqual(['One. ', 'Two! '])
    expect(finishedSentences('One. Two! Thr', true)).toEqual(['One. ', 'Two! ', 'Thr'])
  })

  it('measures the speed after the first token', () => {
    const run = { status: 'done', text: '', requestId: null, firstTokenMs: 100, totalMs: 1_100, finishReason: 'stop', usage: null, failure: null } as const
    expect(tokensPerSecond(run, 21)).toBe(20)
    expect(tokensPerSecond(run, 1)).toBeNull()
    expect(tokensPerSecond({ ...run, firstTokenMs: null }, 21)).toBeNull()
  })
})
