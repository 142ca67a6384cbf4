import { describe, expect, it } from 'vitest'
import { readEvents } from './sse'

function streamOf(pieces: Uint8Array[], onCancel?: () => void): ReadableStream<Uint8Array> {
  const rest = [...pieces]
  return new ReadableStream({
    pull(controller) {
      const next = rest.shift()
      if (next) controller.enqueue(next)
      else controller.close()
    },
    cancel: onCancel,
  })
}

async function all(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const events: string[] = []
  for await (const event of readEvents(stream)) events.push(event)
  return events
}

const encode = (text: string) => new TextEncoder().encode(text)

describe('readEvents', () => {
  it('gives the same events wherever the bytes are cut, within characters and line ends too', async () => {
    const bytes = encode(': ping\r\n\r\ndata: {"a":"é🙂"}\r\n\r\nevent: x\ndata:one\ndata: two\n\ndata: [DONE]\n\n')
    const expected = ['{"a":"é🙂"}', 'one\ntwo', '[DONE]']
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(await all(streamOf([bytes.slice(0, cut), bytes.slice(cut)]))).toEqual(expected)
    }
    expect(await all(streamOf([...bytes].map((byte) => Uint8Array.of(byte))))).toEqual(expected)
  })

  it('leaves out an event that the end of the stream cut off', async () => {
    expect(await all(streamOf([encode('data: whole\n\ndata: half')]))).toEqual(['whole'])
  })

  it('disconnects when the reader leaves early', async () => {
    let cancelled = false
    const stream = streamOf([encode('data: 1\n\n'), encode('data: 2\n\n'), encode('data: 3\n\n')], () => (cancelled = true))
    for await (const event of readEvents(stream)) if (event === '1') break
    expect(cancelled).toBe(true)
  })
})
