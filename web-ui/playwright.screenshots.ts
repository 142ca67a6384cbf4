import { defineConfig } from '@playwright/test'
import base from './playwright.config'

/** `npm run screenshot`: writes the pictures of the README, from a running product or from the mock API. */
export default defineConfig(base, { testMatch: 'screenshots.ts', use: { viewport: { width: 1360, height: 860 }, deviceScaleFactor: 1.5, trace: 'off' } })
