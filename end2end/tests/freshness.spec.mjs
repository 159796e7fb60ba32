// Outdated values are marked as such, everywhere in the same way.
import { createRequire } from 'node:module';
import { Deckwatch, expect, open, row, test } from './deckwatch.mjs';
import { FakeEngine, ago, container } from './fake_engine.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const web = container('web');
const page_of = (url, tab) => `${url}/containers/${web.id}${tab ? `?tab=${tab}` : ''}`;

/** An engine with a running container, a failed one, and one that fails again and again. */
async function start() {
  web.started = ago(200);
  const engine = await FakeEngine.start(
    web,
    container('failed', { state: 'exited', started: ago(900), finished: ago(600), exitCode: 1 }),
    container('looping', { state: 'restarting', started: ago(52), finished: ago(51), exitCode: 78, restarts: 12 }),
  );
  const deckwatch = await Deckwatch.startWith({ DOCKER_HOST: engine.url });
  return { engine, deckwatch };
}

/** Waits until the time of the last contact is at least this many seconds ago. */
async function lastSeen(page, within, seconds) {
  await expect.poll(async () => Number((await within.getByTestId('last-seen').first().textContent()).match(/last seen (\d+) s ago/)?.[1] ?? 0), { timeout: 60_000 }).toBeGreaterThan(seconds);
}

/** Checks that nothing has a signal colour, and that everything is legible. */
async function legible(page) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => window.axe.run());
  expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html])).toEqual([]);
}

test.describe('with a lost engine', () => {
  let engine;
  let deckwatch;
  test.beforeEach(async () => { ({ engine, deckwatch } = await start()); });
  test.afterEach(async () => {
    await deckwatch?.kill();
    await engine?.stop();
  });

  test('the overview shows the last state with its time, and recovers by itself', async ({ page }) => {
    await open(page, deckwatch.url);
    const counts = page.getByTestId('counts');
    const attention = page.getByTestId('attention');
    await expect(attention).toContainText('failed');
    for (const part of [counts, attention]) await expect(part).not.toHaveAttribute('data-freshness');
    await expect(page).toHaveTitle('Overview · Deckwatch');
    await engine.stop();
    await expect(page.getByTestId('connection')).toContainText('Live · engine down');
    await expect(page).toHaveTitle('⚠ engine down · Overview · Deckwatch');
    const busiest = page.locator('section', { has: page.getByTestId('busiest') });
    const changed = page.locator('section', { has: page.getByTestId('events') });
    for (const part of [counts, attention, busiest, changed]) {
      await expect(part).toHaveAttribute('data-freshness', 'stale');
      await expect(part.getByTestId('last-seen')).toHaveText(/^last seen \d+ s ago$/);
    }
    await expect(page.locator('.navigation .count')).toHaveAttribute('data-freshness', 'stale');
    // The host itself is still watched.
    await expect(page.getByTestId('host')).not.toHaveAttribute('data-freshness');
    // Ages stop while the state is unknown.
    const age = attention.locator('li', { hasText: 'failed' }).locator('.what');
    const before = await age.textContent();
    await lastSeen(page, counts, 3);
    expect(await age.textContent()).toBe(before);
    await expect(attention.locator('[data-action=start]').first()).toBeDisabled();
    await engine.listen();
    for (const part of [counts, attention, busiest, changed]) await expect(part).not.toHaveAttribute('data-freshness', { timeout: 30_000 });
    await expect(page.getByTestId('last-seen').filter({ hasText: /./ })).toHaveCount(0);
    await expect(page).toHaveTitle('Overview · Deckwatch');
    await expect(page.getByTestId('connection')).not.toContainText('engine');
  });

  test('rows are dimmed, uptimes stop, and actions are disabled', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    await expect(page).toHaveTitle('(1/3) Containers · Deckwatch');
    await row(page, 'web').getByRole('checkbox').check();
    const stop = page.getByTestId('bulk').getByRole('button', { name: 'Stop' });
    await expect(stop).toBeEnabled();
    await engine.stop();
    await expect(row(page, 'web')).toHaveAttribute('data-freshness', 'stale');
    await expect(page).toHaveTitle('⚠ engine down · Containers · Deckwatch');
    const uptime = row(page, 'web').locator('td.uptime');
    const before = await uptime.textContent();
    await lastSeen(page, page.locator('.toolbar'), 3);
    expect(await uptime.textContent()).toBe(before);
    for (const button of await row(page, 'web').locator('.actions > [data-action]').all()) {
      await expect(button).toBeDisabled();
      await expect(button).toHaveAttribute('title', 'The engine does not answer.');
      await expect(button).toHaveAccessibleDescription('The engine does not answer.');
    }
    await expect(stop).toBeDisabled();
    // Not from the command palette, either.
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-input').fill('stop web');
    await expect(page.getByRole('option')).toHaveCount(0);
    await page.keyboard.press('Escape');
    await engine.listen();
    await expect(row(page, 'web')).not.toHaveAttribute('data-freshness', { timeout: 30_000 });
    await expect(stop).toBeEnabled();
    await expect(page).toHaveTitle('(1/3) Containers · Deckwatch');
  });

  test('an open dialog cannot be confirmed after the engine was lost', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    await row(page, 'web').locator('[data-action=stop]').first().click();
    await expect(page.getByTestId('confirm')).toBeEnabled();
    await engine.stop();
    await expect(page.getByTestId('confirm')).toBeDisabled();
  });

  test('a container’s page shows the last state', async ({ page }) => {
    await open(page, page_of(deckwatch.url));
    const head = page.getByTestId('head');
    await expect(head).toContainText('up 3 min');
    await engine.stop();
    await expect(head).toHaveAttribute('data-freshness', 'stale');
    await expect(page).toHaveTitle('⚠ engine down · web · Deckwatch');
    const started = page.getByTestId('facts').locator('dt', { hasText: 'Started' }).locator('+ dd');
    const before = await started.textContent();
    await lastSeen(page, head, 3);
    expect(await started.textContent()).toBe(before);
    for (const button of await head.locator('[data-action]').all()) await expect(button).toBeDisabled();
    await expect(page.locator('.as-is')).toHaveAttribute('data-freshness', 'stale');
    await engine.listen();
    await expect(head).not.toHaveAttribute('data-freshness', { timeout: 30_000 });
    await expect(head.locator('[data-action=stop]').first()).toBeEnabled();
  });

  test('pages rendered meanwhile say so without JavaScript', async ({ browser, page }) => {
    await engine.stop();
    await open(page, deckwatch.url);
    await expect(page.getByTestId('connection')).toContainText('engine down');
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    for (const [path, part] of [['/', '[data-testid=counts]'], ['/containers', `tr[data-id="${web.id}"]`], [`/containers/${web.id}`, '[data-testid=head]']]) {
      await plain.goto(deckwatch.url + path);
      await expect(plain.locator(part)).toHaveAttribute('data-freshness', 'stale');
      await expect(plain.getByTestId('last-seen').filter({ hasText: 'last seen' }).first()).toBeVisible();
      await expect(plain.getByTestId('engine-banner')).toBeVisible();
      await expect(plain).toHaveTitle(/^⚠ engine down · /);
      // There is no connection, and there are no actions.
      await expect(plain.getByTestId('connection')).toBeHidden();
      await expect(plain.locator('[data-action]:visible')).toHaveCount(0);
    }
    await context.close();
  });

  for (const colorScheme of ['dark', 'light']) {
    test(`dimmed text is legible (${colorScheme})`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const page = await context.newPage();
      await open(page, deckwatch.url);
      await engine.stop();
      for (const path of ['/', '/containers', `/containers/${web.id}`]) {
        await open(page, deckwatch.url + path);
        await expect(page.locator('main [data-freshness=stale]').first()).toBeVisible();
        await legible(page);
      }
      await context.close();
    });
  }
});

test.describe('with a lost server', () => {
  test.use({ mayComplain: true });

  test('nothing looks live', async ({ page }) => {
    const { engine, deckwatch } = await start();
    await open(page, `${deckwatch.url}/containers`);
    await expect(page).toHaveTitle('(1/3) Containers · Deckwatch');
    await deckwatch.kill();
    await expect(page.getByTestId('connection')).toContainText('Reconnecting');
    await expect(page).toHaveTitle('⚠ Reconnecting · Containers · Deckwatch');
    await expect(row(page, 'web')).toHaveAttribute('data-freshness', /late|stale/);
    const uptime = row(page, 'web').locator('td.uptime');
    const before = await uptime.textContent();
    await lastSeen(page, page.locator('.toolbar'), 13);
    await expect(row(page, 'web')).toHaveAttribute('data-freshness', 'stale');
    expect(await uptime.textContent()).toBe(before);
    const stop = row(page, 'web').locator('[data-action=stop]').first();
    await expect(stop).toBeDisabled();
    await expect(stop).toHaveAttribute('title', 'The server does not answer.');
    await page.getByRole('link', { name: 'Overview' }).click();
    await expect(page.getByTestId('host')).toHaveAttribute('data-freshness', 'stale');
    await expect(page.locator('.navigation .foot')).toHaveAttribute('data-freshness', 'stale');
    await deckwatch.start();
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 45_000 });
    await expect(page.locator('[data-freshness]')).toHaveCount(0);
    await expect(page).toHaveTitle('Overview · Deckwatch');
    await deckwatch.kill();
    await engine.stop();
  });

  test('an open connection without messages is not live', async ({ page }) => {
    test.setTimeout(120_000);
    const { engine, deckwatch } = await start();
    let isDead = false;
    await page.routeWebSocket(/\/api\/ws/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => { if (!isDead) server.send(message); });
      server.onMessage((message) => { if (!isDead) socket.send(message); });
    });
    await open(page, `${deckwatch.url}/containers`);
    isDead = true;
    await expect(page.getByTestId('connection')).toContainText('Live · no data', { timeout: 40_000 });
    await expect(row(page, 'web')).toHaveAttribute('data-freshness', /late|stale/);
    await deckwatch.kill();
    await engine.stop();
  });
});
