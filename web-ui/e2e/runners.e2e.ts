import { expect, open, signIn, test } from './console'

test('the runners page shows which models are in memory and what a runner can still take', async ({ page }) => {
  await signIn(page)
  await open(page, 'runners')
  const models = page.getByRole('table', { name: 'Models of local' })
  const chat = models.getByRole('row', { name: /^smollm2-135m-instruct/ })
  await expect(chat).toContainText('serving')
  await expect(chat).toContainText(/\d+ of 16/)
  await expect(page.getByText(/resident, .* promised/).first()).toBeVisible()
})
