import { expect, open, signIn, test } from './console'

test('a user signs in, makes a key, chats, and finds the request with its cost', async ({ page }) => {
  await signIn(page)
  await expect(page.getByRole('heading', { level: 1, name: 'Home' })).toBeVisible()

  // A key, its secret shown once.
  const name = `e2e ${Date.now()}`
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('button', { name: 'Create key' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await expect(dialog.getByLabel('Secret key')).toHaveText(/^sk-proj-\S{20,}$/)
  const secret = await dialog.getByLabel('Secret key').innerText()
  await expect(dialog.getByRole('button', { name: 'Done' })).toBeDisabled()
  await dialog.getByRole('button', { name: 'Copy key' }).click()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('Active')
  await expect(page.getByText(secret)).toHaveCount(0)

  // A streamed answer.
  await page.getByRole('link', { name: 'Playground' }).click()
  await page.getByLabel('Message 1', { exact: true }).fill('What is the capital of France?')
  await page.getByLabel('Max tokens').fill('40')
  await page.getByLabel('Temperature').fill('0')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('answer')).toContainText('Paris', { timeout: 45_000 })
  await expect(page.getByText(/^(Finished|Cut): /)).toBeVisible({ timeout: 45_000 })
  await expect(page.getByText(/tokens\/s$/)).toBeVisible()
  await expect(page.getByText(/^\$0\.0/)).toBeVisible()

  // The same request in the log, with what it cost.
  await page.getByRole('link', { name: 'Open in Requests' }).click()
  const drawer = page.getByRole('complementary', { name: 'Request' })
  await expect(drawer.getByText('Completed', { exact: true })).toBeVisible()
  await expect(drawer.getByRole('rowheader', { name: 'generate' })).toBeVisible()
  const prices = drawer.getByRole('table', { name: 'Price lines' })
  const [, tokens, unit, amount] = await prices.getByRole('row', { name: /^input/ }).locator('th, td').allInnerTexts()
  const dollars = (text = '') => Number.parseFloat(text.replace(/[$,]/g, ''))
  expect(dollars(amount) / ((dollars(tokens) * dollars(unit)) / 1e6), 'amount over tokens times the price of a million').toBeCloseTo(1, 1)
  await expect(prices.getByRole('row', { name: /^Total/ })).toContainText(/\$0\.0\d*[1-9]/)
  await page.keyboard.press('Escape')
  await expect(drawer).toHaveCount(0)

  // And in the day's usage.
  await page.getByRole('link', { name: 'Usage & cost' }).click()
  await expect(page.getByRole('row', { name: /^Total/ })).toContainText(/\$\d/)

  // The key is taken back.
  await page.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('button', { name: `Revoke ${name}` }).click()
  const confirm = page.getByRole('dialog')
  await expect(confirm.getByRole('button', { name: 'Revoke key' })).toBeDisabled()
  await confirm.getByLabel(/Type the key's name/).fill(name)
  await confirm.getByRole('button', { name: 'Revoke key' }).click()
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText('Revoked')

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/login/)
  await page.goto('/')
  await expect(page).toHaveURL(/\/login/)
})

test('an answer can be stopped, and what it took is still metered', async ({ page }) => {
  await signIn(page)
  await open(page, 'playground')
  await page.getByLabel('Message 1', { exact: true }).fill('Write a long story about a gate in a city wall.')
  await page.getByRole('button', { name: 'Run' }).click()
  await expect(page.getByTestId('answer')).not.toBeEmpty({ timeout: 45_000 })
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await expect(page.getByText('Stopped')).toBeVisible()
  await page.getByRole('link', { name: 'Open in Requests' }).click()
  await expect(page.getByRole('complementary', { name: 'Request' }).getByText('Cancelled', { exact: true })).toBeVisible()
})

test('two models answer the same messages side by side', async ({ page }) => {
  await signIn(page)
  await open(page, 'playground')
  await page.getByLabel('Message 1', { exact: true }).fill('What is the capital of France?')
  await page.getByRole('button', { name: 'Compare' }).click()
  for (const field of await page.getByLabel('Max tokens').all()) await field.fill('12')
  await page.getByRole('button', { name: /^Run/ }).click()
  await expect(page.getByText(/^(Finished|Cut): /)).toHaveCount(2, { timeout: 45_000 })
  await page.getByRole('button', { name: 'Continue from here' }).first().click()
  await expect(page.getByLabel('Role of message 2')).toHaveValue('assistant')
  await expect(page.getByLabel('Message 3', { exact: true })).toBeEmpty()
})

test('filters and the time range live in the address', async ({ page }) => {
  await signIn(page)
  await open(page, 'requests')
  await page.getByRole('textbox', { name: 'Outcome' }).or(page.getByRole('combobox', { name: 'Outcome' })).first().click()
  await page.getByRole('option', { name: 'Completed' }).click()
  await expect(page).toHaveURL(/outcome=completed/)
  await page.getByRole('button', { name: /^Time range/ }).click()
  await page.getByRole('button', { name: 'Last 30 days' }).click()
  await page.reload()
  await expect(page).toHaveURL(/outcome=completed/)
  await expect(page.getByRole('button', { name: /^Time range: Last 30 days/ })).toBeVisible()
  await page.getByRole('link', { name: 'Usage & cost' }).click()
  await expect(page).toHaveURL(/range=30d/)
})

test('the guardrail policy is edited, and leaving with unsaved changes is questioned', async ({ page }) => {
  await signIn(page)
  await open(page, 'security')
  const row = page.getByRole('radiogroup', { name: /pii\.phone/ })
  const before = await row.getByRole('radio', { checked: true }).inputValue()
  const wanted = before === 'redact' ? 'Flag' : 'Redact'
  await row.getByText(wanted, { exact: true }).click()
  await expect(page.getByText('1 change not saved')).toBeVisible()
  let question = ''
  page.once('dialog', (dialog) => {
    question = dialog.message()
    void dialog.dismiss()
  })
  await page.getByRole('link', { name: 'Home' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Security events' })).toBeVisible()
  expect(question).toContain('not saved')
  await page.getByRole('button', { name: 'Save policy' }).click()
  await expect(page.getByText('Policy saved')).toBeVisible()
  await page.reload()
  await expect(row.getByRole('radio', { checked: true })).toHaveValue(wanted.toLowerCase())
  await row.getByText(before[0]!.toUpperCase() + before.slice(1), { exact: true }).click()
  await page.getByRole('button', { name: 'Save policy' }).click()
  await expect(page.getByText('Policy saved')).toBeVisible()
})
