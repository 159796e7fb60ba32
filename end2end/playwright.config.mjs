import { defineConfig } from '@playwright/test';

// The scripts say which browser to use; without a word Playwright's own is taken.
const executablePath = process.env.DECKWATCH_CHROMIUM || undefined;

export default defineConfig({
  testDir: 'tests',
  // Far longer than it ever takes: a busy machine must not fail a test.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  workers: 1,
  forbidOnly: !!process.env.CI,
  // A second try tells a hiccup of the machine from a fault; `scripts/test` names every test that
  // needed one.
  retries: process.env.CI ? 1 : 0,
  reporter: [['list']],
  use: {
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'],
    },
  },
});
