/**
 * The data of each server-sent event, in order, as it arrives. Comments and other fields are left out. Ends with the stream; leaving the
 * loop early cancels the response, which the server takes as a disconnect.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let data: string[] = []
  let finished = false
  try {
    while (!finished) {
      const { done, value } = await reader.read()
      finished = done
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true })
      // A trailing CR may be the first half of a CRLF that the next read completes.
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield data.join('\n')
          data = []
        } else if (line.startsWith('data:')) {
          data.push(line.slice(line[5] === ' ' ? 6 : 5))
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
