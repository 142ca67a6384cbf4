import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, test as base, type Page } from '@playwright/test'

export const account = {
  email: process.env['POSTERN_E2E_EMAIL'] ?? 'admin@example.com',
  password: process.env['POSTERN_E2E_PASSWORD'] ?? 'postern-mock',
}

export type PageName = 'home' | 'playground' | 'inside' | 'adapters' | 'keys' | 'requests' | 'usage' | 'security' | 'models' | 'runners'
export const pageNames: readonly PageName[] = ['home', 'playground', 'inside', 'adapters', 'keys', 'requests', 'usage', 'security', 'models', 'runners']

export async function signIn(page: Page) {
  await page.goto('/login')
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/home/)
}

/** Opens a page of the project that the browser is in, and waits until nothing is loading. */
export async function open(page: Page, name: PageName, search = 'range=7d') {
  const project = /^\/o\/[^/]+\/p\/[^/]+/.exec(new URL(page.url()).pathname)?.[0]
  if (!project) throw new Error(`Not in a project: ${page.url()}`)
  await page.goto(`${project}/${name}?${search}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await settle(page)
}

export async function settle(page: Page) {
  await expect(page.getByRole('status', { name: /^Loading/ })).toHaveCount(0)
  await page.evaluate(() => document.fonts.ready)
  // Entrance animations fade in, and half-faded text has little contrast.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity).map((animation) => animation.finished.catch(() => undefined))))
}

/** Makes short calls until the project's log has this many, so that a test also finds something in a product started a moment ago. */
export async function ensureRequests(page: Page, wanted: number) {
  const project = /^\/o\/[^/]+\/p\/([^/]+)/.exec(new URL(page.url()).pathname)?.[1]
  await page.evaluate(
    async ({ project, wanted }) => {
      const read = async (path: string) => (await fetch(path)).json()
      const { csrf_token: csrf } = await read('/v1/postern/session')
      const { data: logged } = await read(`/v1/postern/requests?project_id=${project}&limit=${wanted}`)
      const { data: models } = await (await fetch('/v1/models', { headers: { 'openai-project': project ?? '' } })).json()
      const model = models.find(({ id }: { id: string }) => /instruct|chat/.test(id)).id
      for (let made = logged.length; made < wanted; made++) {
        const answer = await fetch('/v1/chat/completions', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-postern-csrf': csrf, 'openai-project': project ?? '' },
          body: JSON.stringify({ model, messages: [{ role: 'user', content: `What is ${made} + 1?` }], max_completion_tokens: 4 + ((made * 7) % 20) }),
        })
        await answer.text()
        if (!answer.ok) throw new Error(`A call was answered with ${answer.status}.`)
      }
    },
    { project, wanted },
  )
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  help: string
  nodes: { html: string; failureSummary?: string }[]
}

/** All WCAG A and AA rules up to 2.2, and axe's best practices. */
export async function expectAccessible(page: Page) {
  await settle(page)
  await page.evaluate(axeSource)
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (context: Document, options: object) => Promise<{ violations: Violation[] }> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    return (await axe.run(document, { runOnly: { type: 'tag', values: tags } })).violations
  })
  const report = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary ?? ''}`).join('\n')}`)
  expect(report.join('\n'), 'axe violations').toBe('')
}

export const answerText = 'Paris is the capital of France.'

/** A streamed answer of our own making, for tests of what the page does with one. */
export async function answerWith(page: Page, pieces: readonly string[]) {
  const head = { id: 'chatcmpl-e2e', object: 'chat.completion.chunk', created: 1, model: 'any' }
  const chunks = [
    { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], usage: null },
    ...pieces.map((content) => ({ ...head, choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })),
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null },
    { ...head, choices: [], usage: { prompt_tokens: 3, completion_tokens: pieces.length, total_tokens: 3 + pieces.length } },
  ]
  await page.route('**/v1/chat/completions', (route) =>
    route.fulfill({
      status: 200,
      contentType: 'text/event-stream',
      body: `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`,
    }),
  )
}

/** Fails a test whose page writes errors to the console: script errors, refused by the content security policy, missing files. */
export const test = base.extend<{ allowedErrors: RegExp; quietConsole: void }>({
  allowedErrors: [/status of 4\d\d/, { option: true }],
  quietConsole: [
    async ({ page, allowedErrors }, use) => {
      const errors: string[] = []
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !allowedErrors.test(message.text())) errors.push(message.text())
      })
      await use()
      expect(errors, 'errors in the browser console').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }
