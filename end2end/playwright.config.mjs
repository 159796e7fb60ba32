import { defineConfig } from '@playwright/test';

// The scripts say which browser to use; without a word Playwright's own is taken.
const executablePath = process.env.DECKWATCH_CHROMIUM || undefined;

// Pages as they are read with JavaScript off.
const withoutScripts = '**/noscript.spec.mjs';

export default defineConfig({
  testDir: 'tests',
  // Far longer than it ever takes: a busy machine must not fail a test.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 1,
  forbidOnly: !!process.env.CI,
  // A test that passes only at the second try has found a fault: of the page, or of itself.
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
