// The page with a thousand demo containers, without an engine.
import { Deckwatch, expect, open, row, test } from './deckwatch.mjs';

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

test('only visible rows are in the document, at every scroll position', async ({ page }) => {
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

test('filter and order are part of the URL', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  await page.keyboard.press('/');
  await page.keyboard.type('shop-web');
  await expect(page).toHaveURL(/q=shop-web/);
  for (const name of await page.locator('tr[data-id] a.name').allTextContents()) expect(name).toContain('shop-web');
  await page.getByRole('link', { name: 'Memory' }).click();
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

test('an unknown address is reported', async ({ page }) => {
  const answer = await page.request.get(`${deckwatch.url}/nowhere`);
  expect(answer.status()).toBe(404);
  expect(await answer.text()).toContain('Page not found');
});

test('more containers are acted on at once than the rate limit allows', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&state=running&sort=name&q=web`);
  await expect(page.getByTestId('shown')).toHaveText(/^\d{2,} shown/);
  // Containers start and stop meanwhile, so the number may differ by one a moment later.
  await page.getByRole('checkbox', { name: 'Select all' }).click();
  const bar = page.getByTestId('bulk');
  await expect(bar).toContainText(/^\d+ selected/);
  expect(Number.parseInt(await bar.textContent(), 10)).toBeGreaterThan(60);
  await bar.getByRole('button', { name: 'Restart' }).click();
  await page.getByTestId('confirm').click();
  const progress = bar.getByRole('status');
  await expect(progress).toHaveText(/^… \d+$/);
  await expect(progress).toHaveText('', { timeout: 60_000 });
});

test('the settings of the table are kept', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&q=shop`);
  await page.locator('.menu > button', { hasText: 'View' }).click();
  await page.getByRole('checkbox', { name: 'Image' }).uncheck();
  await expect(page.locator('th.image')).toHaveCount(0);
  await page.getByRole('button', { name: 'Compact' }).click();
  await expect(page.locator('table.containers')).toHaveClass(/compact/);
  await page.reload();
  await page.waitForSelector('html[data-hydrated]');
  await expect(page.locator('table.containers')).toHaveClass(/compact/);
  await expect(page.locator('th.image')).toHaveCount(0);
  await page.getByRole('button', { name: 'Cards' }).click();
  await expect(page.locator('article.container-card').first()).toContainText('shop');
  await expect(page.locator('table.containers')).toHaveCount(0);
});

test('containers are grouped by project', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo`);
  await page.getByTestId('group').click();
  await expect(page).toHaveURL(/group=/);
  await expect(page.locator('tr.group').first()).toContainText(/of \d+/);
});

test('stopped containers can be hidden, and states filtered', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo`);
  await page.getByRole('button', { name: /Hide stopped/i }).click();
  await expect(page.locator('tr[data-id].off')).toHaveCount(0);
  await page.getByRole('link', { name: /^stopped/ }).click();
  await expect(page).toHaveURL(/state=stopped/);
});

test('a key pressed on a button presses that button', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&state=running&q=shop`);
  await page.locator('tr[data-id] .actions > [data-action=restart]').first().focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page).toHaveURL(/\/containers\?/);
});

test('the title has the number of running containers', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  await expect(page).toHaveTitle(/^\(\d+\/1\d\d\d\) Containers · Deckwatch$/);
});
