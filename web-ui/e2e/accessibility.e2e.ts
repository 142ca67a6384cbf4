import { account, answerText, answerWith, ensureRequests, expect, expectAccessible, open, pageNames, signIn, test, type PageName } from './console'

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`${colorScheme} theme`, () => {
    test.use({ colorScheme })

    test('axe finds nothing on the sign-in page, nor when signing in failed', async ({ page }) => {
      await page.goto('/login')
      await expectAccessible(page)
      await page.route('**/v1/postern/session', (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({ status: 429, headers: { 'retry-after': '17' }, json: { error: { message: 'Slow down.', type: 'rate_limit_exceeded', param: null, code: 'rate_limit_exceeded' } } })
          : route.continue(),
      )
      await page.getByLabel('E-mail').fill('someone@example.com')
      await page.getByLabel('Password', { exact: true }).fill('wrong')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await expect(page.getByRole('alert')).toContainText('Try again in 17 seconds')
      await expect(page.getByRole('alert')).toBeFocused()
      await expectAccessible(page)
    })

    test('axe finds nothing on any page, with drawers and dialogs open', async ({ page }) => {
      test.setTimeout(180_000)
      await signIn(page)
      await ensureRequests(page, 2)
      expect(await page.evaluate(() => document.documentElement.getAttribute('data-mantine-color-scheme'))).toBe(colorScheme)
      for (const name of pageNames) {
        await test.step(name, async () => {
          await open(page, name, 'range=30d')
          await expectAccessible(page)
          await withMore[name]?.(page)
          if (withMore[name]) await expectAccessible(page)
        })
      }
    })
  })
}

/** What a page can show beyond its first look. */
const withMore: Partial<Record<PageName, (page: Parameters<typeof open>[0]) => Promise<void>>> = {
  home: async (page) => {
    await page.getByRole('button', { name: 'Show as table' }).click()
    await page.keyboard.press('Control+k')
    await expect(page.getByRole('textbox', { name: 'Command' })).toBeVisible()
  },
  playground: async (page) => {
    await answerWith(page, [answerText])
    await page.getByLabel('Message 1', { exact: true }).fill('Where?')
    await page.keyboard.press('Control+Enter')
    await expect(page.getByTestId('answer')).toHaveText(answerText)
    await page.getByRole('button', { name: 'Code for answer 1' }).click()
    await expect(page.getByRole('dialog')).toBeVisible()
  },
  keys: async (page) => {
    await page.getByRole('button', { name: 'Create key' }).first().click()
    await expect(page.getByRole('dialog')).toBeVisible()
  },
  requests: async (page) => {
    await page.locator('[data-open]').first().click()
    await expect(page.getByRole('complementary', { name: 'Request' }).getByRole('heading', { name: 'Stages' })).toBeVisible()
  },
  usage: async (page) => {
    await page.getByRole('button', { name: /^Time range/ }).click()
    await expect(page.getByRole('button', { name: 'Use this range' })).toBeVisible()
  },
}

test('every page fits a window of 320 px without scrolling sideways', async ({ page }) => {
  await signIn(page)
  await page.setViewportSize({ width: 320, height: 720 })
  for (const name of pageNames) {
    await open(page, name, 'range=30d')
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(overflow, `${name} is wider than the window`).toBeLessThanOrEqual(0)
  }
  await page.getByRole('button', { name: 'Open the navigation' }).click()
  await page.getByRole('link', { name: 'Requests' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible()
})

/** By the palette, as a person does: looking at what is chosen before pressing Enter. */
async function goTo(page: Parameters<typeof open>[0], name: string) {
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('textbox', { name: 'Command' })).toBeFocused()
  await page.keyboard.type(name.toLowerCase())
  await expect(page.getByRole('dialog').locator('[data-selected]')).toContainText(name)
  await page.keyboard.press('Enter')
}

test('the main path works by keyboard alone', async ({ page }) => {
  await page.goto('/login')
  await expect(page.getByLabel('E-mail')).toBeFocused()
  await page.keyboard.type(account.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(account.password)
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Home' })).toBeVisible()
  await ensureRequests(page, 2)

  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()

  await answerWith(page, [answerText])
  await goTo(page, 'Playground')
  await expect(page.getByRole('heading', { level: 1, name: 'Playground' })).toBeVisible()
  await expect(page.getByRole('main')).toBeFocused()
  await page.getByLabel('Message 1', { exact: true }).focus()
  await page.keyboard.type('Where?')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByTestId('answer')).toHaveText(answerText)

  await goTo(page, 'Requests')
  await expect(page.getByRole('heading', { level: 1, name: 'Requests' })).toBeVisible()
  const rows = page.locator('[data-open]')
  await expect(rows.nth(1)).toBeVisible()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await page.keyboard.press('j')
  await expect(rows.first()).toBeFocused()
  await page.keyboard.press('Enter')
  const drawer = page.getByRole('complementary', { name: 'Request' })
  await expect(drawer).toBeFocused()
  await page.keyboard.press('j')
  await expect(drawer).toContainText((await rows.nth(1).getAttribute('data-open')) ?? 'no second row')
  await page.keyboard.press('k')
  await expect(drawer).toContainText((await rows.first().getAttribute('data-open')) ?? 'no first row')
  await page.keyboard.press('Escape')
  await expect(drawer).toHaveCount(0)
  await expect(rows.first()).toBeFocused()
})
