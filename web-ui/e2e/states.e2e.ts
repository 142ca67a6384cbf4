import type { Page } from '@playwright/test'
import { account, expect, expectAccessible, open, pageNames, signIn, test, type PageName } from './console'

test.use({ allowedErrors: /status of [45]\d\d/ })

/** The route whose answer a page cannot do without. */
const essential: Record<Exclude<PageName, 'playground' | 'inside'>, string> = {
  home: '**/v1/postern/overview*',
  adapters: '**/v1/postern/adapters?*',
  keys: '**/api_keys?*',
  requests: '**/v1/postern/requests?*',
  usage: '**/v1/organization/costs*',
  security: '**/v1/postern/security_events*',
  models: '**/v1/postern/models*',
  runners: '**/v1/postern/runners*',
}

async function refuse(page: Page, url: string, status: number, message: string) {
  await page.route(url, (route) =>
    route.fulfill({ status, headers: { 'x-request-id': 'req_e2e' }, json: { error: { message, type: 'server_error', param: null, code: null } } }),
  )
}

for (const name of pageNames.filter((page): page is keyof typeof essential => page in essential)) {
  test(`${name}: a failure is shown where it happened, with its request id, and a retry heals it`, async ({ page }) => {
    await signIn(page)
    await refuse(page, essential[name], 500, 'The database is away.')
    await open(page, name)
    const alert = page.getByRole('alert').filter({ hasText: 'The database is away.' })
    await expect(alert).toContainText('req_e2e')
    await expect(page.getByRole('navigation', { name: 'Project' })).toBeVisible()
    await expectAccessible(page)
    await page.unroute(essential[name])
    await alert.getByRole('button', { name: 'Try again' }).click()
    await expect(alert).toHaveCount(0)
  })

  test(`${name}: a missing right is named, with who can grant it`, async ({ page }) => {
    await signIn(page)
    await refuse(page, essential[name], 403, 'Your role lacks usage.read.')
    await open(page, name)
    const alert = page.getByRole('alert').filter({ hasText: 'Your role lacks usage.read.' })
    await expect(alert).toContainText('owner of the organisation')
    await expect(alert.getByRole('button', { name: 'Try again' })).toHaveCount(0)
  })
}

const empty: [PageName, string, object, string][] = [
  ['adapters', essential.adapters, { object: 'list', data: [], has_more: false, first_id: null, last_id: null }, 'No adapter yet'],
  ['keys', essential.keys, { object: 'list', data: [], has_more: false, first_id: null, last_id: null }, 'No key yet'],
  ['requests', essential.requests, { object: 'list', data: [], has_more: false, first_id: null, last_id: null }, 'No request matches'],
  ['security', essential.security, { object: 'list', data: [], has_more: false, first_id: null, last_id: null }, 'found nothing'],
]
for (const [name, url, json, sentence] of empty) {
  test(`${name}: an empty list says what would be here`, async ({ page }) => {
    await signIn(page)
    await page.route(url, (route) => route.fulfill({ json }))
    await open(page, name)
    await expect(page.getByText(sentence)).toBeVisible()
    await expectAccessible(page)
  })
}

test('an error inside a stream is shown with the text before it', async ({ page }) => {
  await signIn(page)
  await open(page, 'playground')
  const chunk = { id: 'c', choices: [{ index: 0, delta: { content: 'Half an ans' }, finish_reason: null }] }
  const error = { error: { message: 'The runner went away.', type: 'server_error', param: null, code: 'runner_unavailable' } }
  await page.route('**/v1/chat/completions', (route) =>
    route.fulfill({ contentType: 'text/event-stream', headers: { 'x-request-id': 'req_e2e' }, body: `data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify(error)}\n\n` }),
  )
  await page.getByLabel('Message 1', { exact: true }).fill('Hello')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('answer')).toHaveText('Half an ans')
  await expect(page.getByRole('alert')).toContainText('The runner went away.')
  await expect(page.getByRole('alert')).toContainText('req_e2e')
})

test('a session that ended leads to the sign-in page and back', async ({ page, context }) => {
  await signIn(page)
  await open(page, 'usage')
  await context.clearCookies()
  await page.getByRole('link', { name: 'Requests' }).click()
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByRole('status')).toContainText('session has ended')
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible()
})
