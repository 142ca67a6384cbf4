import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

/**
 * The browser is never downloaded: a Chromium of the machine is used. Without POSTERN_E2E_URL the tests run against the mock API and the
 * pages of the last `npm run build`; with it against that product, signed in as POSTERN_E2E_EMAIL with POSTERN_E2E_PASSWORD.
 */
const chromium = [process.env['POSTERN_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path && existsSync(path),
)
if (!chromium) throw new Error('No Chromium found: install one or name it in POSTERN_CHROMIUM.')

const mockUrl = 'http://127.0.0.1:4189'
const product = process.env['POSTERN_E2E_URL']

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.e2e.ts',
  outputDir: 'target/e2e',
  reporter: process.env['CI'] ? [['list'], ['junit', { outputFile: 'target/e2e-report.xml' }]] : 'list',
  // One signed-in account and one small machine: the tests take turns.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: Boolean(process.env['CI']),
  use: {
    baseURL: product ?? mockUrl,
    viewport: { width: 1360, height: 900 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    launchOptions: {
      executablePath: chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
  webServer: product
    ? undefined
    : { command: 'node e2e/mock-api.mjs', url: mockUrl, env: { POSTERN_MOCK_PORT: '4189' }, reuseExistingServer: false },
})
