import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ensureRequests, expect, open, settle, signIn, test } from './console'

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))

test('pictures for the README', async ({ page }) => {
  test.setTimeout(120_000)
  mkdirSync(folder, { recursive: true })
  const take = async (name: string) => {
    await settle(page)
    await page.screenshot({ path: `${folder}${name}.png` })
  }
  await signIn(page)
  await ensureRequests(page, 30)

  await open(page, 'playground', 'range=1h')
  await page.getByLabel('Message 1', { exact: true }).fill('What is the capital of France?')
  await page.getByLabel('Max tokens').fill('64')
  await page.getByLabel('Temperature').fill('0')
  await page.getByRole('button', { name: /^Run/ }).click()
  await expect(page.getByRole('link', { name: 'Open in Requests' })).toBeVisible({ timeout: 60_000 })
  await take('playground')

  await open(page, 'requests', 'range=1h')
  await page.locator('[data-open]').first().click()
  await expect(page.getByRole('complementary', { name: 'Request' }).getByRole('heading', { name: 'Stages' })).toBeVisible()
  await take('requests')

  await open(page, 'usage')
  await take('usage')

  await open(page, 'home', 'range=1h')
  await expect(page.locator('canvas')).toBeVisible()
  await take('home')
})
