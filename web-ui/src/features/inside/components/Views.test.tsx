import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import { TestProviders } from '@/shared/testing/TestProviders'
import { ExplanationView } from './ExplanationView'
import { MemorisationView } from './MemorisationView'

const usage = { prompt_tokens: 9, completion_tokens: 2 }
const top = (text: string, other: string) => [
  { id: 1, text, logprob: -0.1 },
  { id: 2, text: other, logprob: -2.5 },
]
const found = {
  prompt: [
    { id: 5, text: '<|im_start|>' },
    { id: 6, text: 'Capital' },
    { id: 7, text: ' France' },
  ],
  answer: {
    text: ' Paris.',
    generated: true,
    tokens: [
      { id: 1, text: ' Paris', logprob: -0.1, top: top(' Paris', ' Lyon') },
      { id: 3, text: '.', logprob: -0.2, top: top('.', '!') },
    ],
  },
  attribution: [
    { from: 1, to: 2, text: 'Capital', effect: -0.5 },
    { from: 2, to: 3, text: ' France', effect: 3.25 },
  ],
  layers: [0, 1].map((layer) => ({
    layer,
    cells: [
      { id: 9, text: layer ? ' Paris' : ' the', probability: 0.4, answer_probability: layer ? 0.9 : 0.01, answer_rank: layer ? 1 : 77 },
      { id: 9, text: '.', probability: 0.4, answer_probability: 0.4, answer_rank: 1 },
    ],
  })),
  usage,
}

describe('an explanation', () => {
  it('shows what speaks for and against, and alternatives on a click', async () => {
    const user = userEvent.setup()
    render(<ExplanationView found={found} />, { wrapper: TestProviders })
    const prompt = within(screen.getByRole('list', { name: 'Tokens of the prompt' }))
    expect(prompt.getByText('␣France').title).toBe('+3.25 nats')
    expect(prompt.getByText('Capital').title).toBe('-0.50 nats')
    expect(prompt.getByText('<|im_start|>').title).toBe('not left out')
    expect(screen.getByText('␣Lyon')).toBeTruthy()
    await user.click(screen.getByRole('button', { name: '.' }))
    expect(screen.queryByText('␣Lyon')).toBeNull()
    expect(screen.getByText('!')).toBeTruthy()
  })

  it('shows the last layer first', () => {
    render(<ExplanationView found={found} />, { wrapper: TestProviders })
    const map = within(screen.getByRole('region', { name: 'Layers and tokens' }))
    expect(map.getAllByRole('rowheader').map(({ textContent }) => textContent)).toEqual(['1', '0'])
    expect(map.getByText('␣the').title).toContain('rank 77')
  })

  it('says when there is nothing', () => {
    render(<ExplanationView found={{ ...found, answer: { ...found.answer, tokens: [] } }} />, { wrapper: TestProviders })
    expect(screen.getByText(/nothing to say/)).toBeTruthy()
  })
})

describe('a probe', () => {
  it('lays the text beside what the model makes of it', () => {
    const tokens = (...texts: string[]) => texts.map((text, id) => ({ id: id + text.length, text }))
    render(
      <MemorisationView
        found={{
          prefix: tokens('To be'),
          rest: tokens(' or', ' not'),
          answer: { text: ' or so', tokens: tokens(' or', ' so!') },
          exact_tokens: 1,
          similarity: 0.5,
          logprob_per_token: -1.25,
          variants: 'neighbours',
          variant_logprob_per_token: -4,
          rank: 1,
          exposure_bits: 5,
          usage,
        }}
      />,
      { wrapper: TestProviders },
    )
    expect(screen.getByText('1 of 2 tokens')).toBeTruthy()
    expect(screen.getByText('5.0 of 5 bits')).toBeTruthy()
    expect(within(screen.getByRole('list', { name: 'The model goes on' })).getByText('␣so!')).toBeTruthy()
  })
})
