export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface ChatBody {
  model: string
  messages: Message[]
  temperature?: number
  top_p?: number
  max_completion_tokens?: number
  seed?: number
  stop?: string[]
}

export const languages = ['curl', 'Python', 'TypeScript'] as const
export type Language = (typeof languages)[number]

/** Where this very server answers the OpenAI API. */
export function apiBaseUrl(): string {
  return `${window.location.origin}/v1`
}

/** The text as one single-quoted word of a POSIX shell. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function indented(value: unknown, by: number): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(by)}`)
}

// JSON strings and numbers are also Python's; the bodies hold nothing else.
function pythonArguments(body: ChatBody): string {
  return Object.entries(body)
    .map(([name, value]) => `    ${name}=${indented(value, 4)},`)
    .join('\n')
}

/** The same call in the languages that most callers use. The key comes from the environment and is never part of the text. */
export function chatSnippet(language: Language, baseUrl: string, body: ChatBody): string {
  switch (language) {
    case 'curl':
      return `curl ${baseUrl}/chat/completions \\
  -H "Authorization: Bearer $POSTERN_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d ${shellQuoted(JSON.stringify(body, null, 2))}`
    case 'Python':
      return `import os
from openai import OpenAI

client = OpenAI(base_url="${baseUrl}", api_key=os.environ["POSTERN_API_KEY"])
completion = client.chat.completions.create(
${pythonArguments(body)}
)
print(completion.choices[0].message.content)`
    case 'TypeScript':
      return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${baseUrl}", apiKey: process.env.POSTERN_API_KEY });
const completion = await client.chat.completions.create(${indented(body, 0)});
console.log(completion.choices[0].message.content);`
  }
}
