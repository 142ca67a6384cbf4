import { account, answerWith, expect, open, signIn, test } from './console'

const hostile = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b>bold</b> [link](javascript:window.hacked=1)`

test('HTML and script in an answer stay text, however they are cut', async ({ page }) => {
  await signIn(page)
  await open(page, 'playground')
  await answerWith(page, [...hostile])
  await page.getByLabel('Message 1', { exact: true }).fill(hostile)
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('answer')).toHaveText(hostile)
  await expect(page.getByTestId('answer').locator('img, script, b, a')).toHaveCount(0)
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
})

test('HTML in the name of a key stays text wherever the name is shown', async ({ page }) => {
  await signIn(page)
  await open(page, 'keys')
  const name = `<img src=x onerror="window.hacked=1"> ${Date.now()}`
  await page.getByRole('button', { name: 'Create key' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await dialog.getByLabel('I have saved this key').check()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText(name)).toBeVisible()
  await page.getByRole('button', { name: `Revoke ${name}` }).click()
  await page.getByRole('dialog').getByLabel(/Type the key's name/).fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke key' }).click()
  await expect(page.getByText('Key revoked')).toBeVisible()
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
})

test('an address of another site after signing in is not followed', async ({ page, baseURL }) => {
  await page.goto('/login?next=%2F%2Fexample.com%2Fsteal')
  await page.getByLabel('E-mail').fill(account.email)
  await page.getByLabel('Password', { exact: true }).fill(account.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/home/)
  expect(new URL(page.url()).origin).toBe(new URL(baseURL ?? '').origin)
})
