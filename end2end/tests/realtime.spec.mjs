// The page that tests every way from the server to the browser, and how pages recover.
import { createRequire } from 'node:module';
import { Deckwatch, expect, open, test } from './deckwatch.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let deckwatch;

test.beforeAll(async () => {
  // The probe of the idle socket waits for a heartbeat.
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, '--demo', '5', '--heartbeat', '2s');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

test('the badge leads to a test of every way that reports its findings', async ({ browser }) => {
  const context = await browser.newContext({ bypassCSP: true, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  await open(page, deckwatch.url);
  await page.getByTestId('connection').click();
  await expect(page).toHaveURL(/\/realtime-test$/);
  await expect(page.locator('h1')).toHaveText('Realtime test');
  const verdict = page.getByTestId('verdict');
  await expect(verdict).toHaveAttribute('data-finished', '', { timeout: 60_000 });
  for (const probe of ['Reach', 'Binary', 'Json', 'DockerStats', 'Stream', 'Polling', 'Quiet']) {
    await expect(page.locator(`[data-probe=${probe}]`)).toContainText('works');
  }
  // The only finding is that this machine has no engine.
  await expect(verdict).toContainText('The engine of local does not answer.');
  await expect(page.getByTestId('finding')).toHaveCount(0);
  await expect(page.getByTestId('sources')).toContainText('cannot be reached');
  await expect(page.getByTestId('samples')).toContainText('demo');
  await expect(page.getByTestId('round-trip')).toContainText('ms');
  await expect(page.getByTestId('summary')).toContainText('Live');
  await page.getByRole('button', { name: 'Copy report' }).click();
  await expect(page.getByTestId('copy')).toHaveText('Copied');
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain('realtime test');
  expect(report).toContain('Binary: Works');
  expect(report).toContain('finding: an engine does not answer');
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => window.axe.run());
  expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html])).toEqual([]);
  await page.getByTestId('run-again').click();
  await expect(verdict).not.toHaveAttribute('data-finished', '');
  await page.goBack();
  await expect(page.locator('h1')).toHaveText('Overview');
  expect(complaints).toEqual([]);
  await context.close();
});

test('without JavaScript the page says that it needs it', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${deckwatch.url}/realtime-test`);
  const hint = page.locator('.realtime noscript p');
  await expect(hint).toBeVisible();
  await expect(hint).toContainText('This test runs in the browser and needs JavaScript.');
  await expect(page.getByTestId('samples')).toContainText('demo');
  await context.close();
});

test.describe('when something breaks', () => {
  test.use({ mayComplain: true });

  test('a page of another version reloads once, says so, and recovers by itself', async ({ page }) => {
    let isOther = true;
    let sockets = 0;
    await page.routeWebSocket(/\/api\/ws/, (socket) => {
      sockets += 1;
      return isOther ? socket.close({ code: 4409 }) : socket.connectToServer();
    });
    let loads = 0;
    page.on('load', () => { loads += 1; });
    await page.goto(deckwatch.url);
    await expect(page.getByTestId('connection')).toContainText('Outdated');
    await expect(page.getByTestId('outdated-banner')).toBeVisible();
    expect([loads, sockets]).toEqual([2, 2]);
    isOther = false;
    // It would retry within half a minute; a network change makes it retry at once.
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect(page.getByTestId('connection')).toContainText('Live');
    await expect(page.getByTestId('outdated-banner')).toHaveCount(0);
    expect(loads).toBe(2);
    expect(await page.evaluate(() => sessionStorage.length), 'the next version may load again').toBe(0);
  });

  test('a connection lost with the network is detected, and restored when the network is back', async ({ page }) => {
    let isDead = false;
    let sockets = 0;
    await page.routeWebSocket(/\/api\/ws/, (socket) => {
      sockets += 1;
      const server = socket.connectToServer();
      // The loss of a network is not signalled: packets are just lost.
      socket.onMessage((message) => { if (!isDead) server.send(message); });
      server.onMessage((message) => { if (!isDead) socket.send(message); });
    });
    await open(page, deckwatch.url);
    await page.evaluate(() => { window.wasNotReloaded = true; });
    isDead = true;
    await page.evaluate(() => window.dispatchEvent(new Event('offline')));
    await expect(page.getByTestId('connection')).toContainText('Reconnecting', { timeout: 30_000 });
    isDead = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 45_000 });
    expect(sockets).toBeGreaterThan(1);
    expect(await page.evaluate(() => window.wasNotReloaded)).toBe(true);
  });

  test('a server at capacity is polled until it has room', async ({ page }) => {
    let isFull = true;
    await page.routeWebSocket(/\/api\/ws/, (socket) => (isFull ? socket.close({ code: 1013 }) : socket.connectToServer()));
    await page.goto(deckwatch.url);
    await expect(page.getByTestId('connection')).toContainText('Polling');
    isFull = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await expect(page.getByTestId('connection')).toContainText('Live');
  });
});
