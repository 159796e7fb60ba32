import { defineConfig } from '@playwright/test';

// The scripts choose the browser; by default it is Playwright's own.
const executablePath = process.env.DECKWATCH_CHROMIUM || undefined;

// Pages read with JavaScript disabled.
const withoutScripts = '**/noscript.spec.mjs';

export default defineConfig({
  testDir: 'tests',
  // Far longer than it ever takes, so that a busy machine does not make tests fail.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 1,
  forbidOnly: !!process.env.CI,
  // A test that passes only at the second attempt reveals a fault, of the page or of the test.
  retries: 0,
  reporter: [['list']],
  use: {
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'],
    },
  },
  projects: [
    { name: 'scripts', testIgnore: withoutScripts },
    { name: 'without scripts', testMatch: withoutScripts, use: { javaScriptEnabled: false } },
  ],
});
