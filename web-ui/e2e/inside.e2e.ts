import { expect, expectAccessible, open, signIn, test } from './console'

test('an answer is looked into: what it hangs on, alternatives, layers', async ({ page }) => {
  test.setTimeout(120_000)
  await signIn(page)
  await open(page, 'inside')
  await page.getByRole('textbox', { name: 'Message' }).fill('What is the capital of France?')
  // Given and short: a real model on a busy machine answers in time.
  await page.getByRole('textbox', { name: 'Answer' }).fill('Paris.')
  await page.getByRole('button', { name: 'Look inside' }).click()
  const prompt = page.getByRole('list', { name: 'Tokens of the prompt' })
  await expect(prompt).toContainText('France', { timeout: 90_000 })
  const answer = page.getByRole('list', { name: 'Tokens of the answer' })
  await answer.getByRole('button').last().click()
  await expect(answer.getByRole('button', { pressed: true })).toHaveCount(1)
  await expect(page.getByRole('region', { name: 'Layers and tokens' }).getByRole('rowheader')).not.toHaveCount(0)
  await expectAccessible(page)
})

test('a text is probed for whether it is known by heart', async ({ page }) => {
  test.setTimeout(120_000)
  await signIn(page)
  await open(page, 'inside')
  await page.getByText('Probe a text').click()
  await page.getByLabel('Text', { exact: true }).fill('The quick brown fox jumps over the lazy dog.')
  await page.getByRole('button', { name: 'Look inside' }).click()
  await expect(page.getByText(/of 5 bits/)).toBeVisible({ timeout: 90_000 })
  await expectAccessible(page)
})
