// Takes the screenshots of the README; started by `scripts/screenshots`.
//   node screenshots.mjs FOLDER
import { chromium } from '@playwright/test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [, , folder] = process.argv;
const { DECKWATCH_BIN, DECKWATCH_CHROMIUM, DECKWATCH_TEST_DOCKER } = process.env;
const url = 'http://127.0.0.1:38918';
// Time until the sparklines have a shape, in milliseconds.
const WATCHED = 60_000;

const docker = (...args) => execFileSync('docker', ['-H', DECKWATCH_TEST_DOCKER, ...args], { encoding: 'utf8' }).trim();
const shop = (service) => docker('ps', '-aq', '--no-trunc', '--filter', `name=shop-${service}`);

mkdirSync(folder, { recursive: true });
const server = spawn(DECKWATCH_BIN, ['--site-addr', url.slice('http://'.length)], {
  env: { ...process.env, DECKWATCH_DATA_DIR: mkdtempSync(join(tmpdir(), 'deckwatch-')), DOCKER_HOST: DECKWATCH_TEST_DOCKER, RUST_LOG: 'error' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
let browser;
try {
  while (!(await fetch(`${url}/readyz`).catch(() => undefined))?.ok) {
    if (server.exitCode !== null) throw new Error('Deckwatch has ended.');
    await sleep(200);
  }
  browser = await chromium.launch({ executablePath: DECKWATCH_CHROMIUM || undefined, args: ['--no-sandbox'] });
  const sheet = async (name, path, scheme) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
    await page.goto(url + path);
    await page.waitForSelector('html[data-hydrated]');
    return { name, page };
  };
  const sheets = [];
  for (const one of [
    ['overview-light', '/', 'light'],
    ['overview-dark', '/', 'dark'],
    ['containers', '/containers', 'dark'],
    ['logs', `/containers/${shop('api')}?tab=logs`, 'light'],
  ]) sheets.push(await sheet(...one));
  // Events that happen while Deckwatch watches.
  for (const service of ['web', 'report']) docker('restart', '--time', '0', `shop-${service}`);
  await sleep(WATCHED);
  for (const { name, page } of sheets) {
    await page.bringToFront();
    await sleep(1_000);
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }
} finally {
  await browser?.close();
  server.kill();
}
