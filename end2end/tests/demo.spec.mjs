// The page with a thousand synthetic containers: no engine needed.
import { createRequire } from 'node:module';
import { Deckwatch, expect, open, row, test } from './deckwatch.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let deckwatch;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start('--demo', '1000');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

test('synthetic data is marked on every page', async ({ page }) => {
  for (const path of ['/', '/containers']) {
    await open(page, deckwatch.url + path);
    await expect(page.getByTestId('demo-banner')).toBeVisible();
  }
});

test('only rows in view are in the document, wherever one scrolls', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&sort=name`);
  await expect(page.getByTestId('shown')).toHaveText('1000 shown');
  const rows = page.locator('tr[data-id]');
  const first = await rows.first().getAttribute('data-id');
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight / 2));
  await expect.poll(() => rows.first().getAttribute('data-id')).not.toBe(first);
  expect(await rows.count()).toBeLessThan(120);
  await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
  const names = await page.evaluate(async () => (await (await fetch('/api/containers?host=demo')).json()).messages[0].data.map(({ name }) => name));
  const last = row(page, names.sort().at(-1));
  await expect(last).toBeInViewport();
  expect(await rows.count()).toBeLessThan(120);
});

test('filter and order live in the address', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  await page.keyboard.press('/');
  await page.keyboard.type('shop-web');
  await expect(page).toHaveURL(/q=shop-web/);
  for (const name of await page.locator('tr[data-id] a.name').allTextContents()) expect(name).toContain('shop-web');
  await page.getByRole('button', { name: 'Memory' }).click();
  await expect(page).toHaveURL(/sort=memory/);
  await expect(page.locator('th.memory')).toHaveAttribute('aria-sort', 'descending');
  await page.reload();
  await page.waitForSelector('html[data-hydrated]');
  await expect(page.getByRole('searchbox')).toHaveValue('shop-web');
  await page.getByRole('searchbox').fill('no such thing');
  await page.getByTestId('clear-filter').click();
  await expect(page.getByTestId('shown')).toHaveText(/^1\d\d\d shown/);
});

test('theme and language are kept', async ({ page }) => {
  await open(page, deckwatch.url);
  await page.getByTestId('theme').click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await page.getByTestId('language').click();
  await expect(page.locator('h1')).toHaveText('개요');
  const html = await (await page.request.get(deckwatch.url)).text();
  expect(html).toContain('lang="ko"');
  expect(html).toContain('data-theme="light"');
});

test('the palette finds pages and containers', async ({ page }) => {
  await open(page, deckwatch.url);
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette-input').fill('containers');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/containers$/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
});

test('an address that leads nowhere is said to', async ({ page }) => {
  const answer = await page.request.get(`${deckwatch.url}/nowhere`);
  expect(answer.status()).toBe(404);
  expect(await answer.text()).toContain('There is no such page');
});

for (const colorScheme of ['dark', 'light']) {
  test(`nobody is locked out (${colorScheme})`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    for (const path of ['/', '/containers?host=demo&q=shop']) {
      await open(page, deckwatch.url + path);
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html])).toEqual([]);
    }
    await context.close();
  });
}
