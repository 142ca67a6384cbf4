import { describe, expect, it } from 'vitest'
import { chatSnippet, languages } from './snippets'

const body = { model: 'm', messages: [{ role: 'user' as const, content: `it's "quoted"\nand $HOME \`x\`` }], temperature: 0.5, stop: ['\n'] }

describe('snippets', () => {
  it('quotes for the shell so that nothing in a message is run', () => {
    const snippet = chatSnippet('curl', 'http://h/v1', body)
    expect(snippet).toContain(`it'\\''s`)
    const quoted = snippet.slice(snippet.indexOf("-d '") + 4, -1).replaceAll(`'\\''`, '')
    expect(quoted).not.toContain("'")
  })

  it('names the server and never a key', () => {
    for (const language of languages) {
      const snippet = chatSnippet(language, 'http://h/v1', body)
      expect(snippet).toContain('http://h/v1')
      expect(snippet).toContain('POSTERN_API_KEY')
      expect(snippet).not.toMatch(/sk-/)
    }
  })
})
