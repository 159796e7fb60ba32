// Behind real proxies: with the configurations of docs/deploy, and with broken ones.
import { Deckwatch, expect, open, test } from './deckwatch.mjs';
import { Proxy, isMissing } from './proxy.mjs';

test.describe.configure({ timeout: 180_000 });
// Without an engine: these tests are about the path between server and browser.
const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
const finished = { timeout: 90_000 };
let deckwatch;
let proxies = [];

test.beforeAll(async () => {
  // The probe of the idle socket waits for a heartbeat.
  deckwatch = await Deckwatch.startWith(noEngine, '--demo', '5', '--heartbeat', '2s');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});
test.afterEach(async ({ page }) => {
  // Closed first, because a stopping proxy cuts its connections.
  await page.close();
  for (const proxy of proxies) await proxy.stop();
  proxies = [];
});

async function proxied(kind, server, change) {
  const proxy = await Proxy.start(kind, server, change);
  proxies.push(proxy);
  return proxy;
}

/** Runs the realtime test, and returns the titles of its findings, without the engine's. */
async function findings(page) {
  await expect(page.getByTestId('verdict')).toHaveAttribute('data-finished', '', finished);
  const verdict = await page.getByTestId('verdict').locator('.title').textContent();
  const others = await page.getByTestId('finding').locator('.title').allTextContents();
  return [verdict, ...others].filter((title) => !title.includes('engine'));
}

for (const kind of ['nginx', 'haproxy', 'caddy']) {
  test(`everything works through ${kind} as docs/deploy configures it`, async ({ page }) => {
    test.skip(!!isMissing(kind), isMissing(kind));
    const proxy = await proxied(kind, deckwatch);
    await open(page, `${proxy.url}/realtime-test`);
    expect(await findings(page)).toEqual([]);
    await expect(page.locator('[data-probe] .pill.ok')).toHaveCount(7);
  });
}

test.describe('when a proxy breaks things', () => {
  test.use({ mayComplain: true });

  test('one that strips Upgrade: pages poll, the test says so, and repairing the proxy repairs the page', async ({ page }) => {
    test.skip(!!isMissing('nginx'), isMissing('nginx'));
    const proxy = await proxied('nginx', deckwatch, (text) => text.replace(/.*proxy_set_header (Upgrade|Connection).*\n/g, ''));
    await page.goto(`${proxy.url}/realtime-test`);
    expect(await findings(page)).toEqual(['WebSocket upgrade was refused: your proxy strips Upgrade.']);
    await expect(page.getByTestId('lines')).toContainText('proxy_set_header Upgrade $http_upgrade;');
    await expect(page.getByTestId('connection')).toContainText('Polling', { timeout: 60_000 });
    const messages = () => page.getByTestId('messages').textContent().then((text) => Number(text.replaceAll(',', '')));
    const before = await messages();
    await expect.poll(messages, { timeout: 60_000 }).toBeGreaterThan(before);
    await page.evaluate(() => { window.wasNotReloaded = true; });
    proxy.configure();
    proxy.reload();
    await expect.poll(async () => {
      await page.evaluate(() => window.dispatchEvent(new Event('online')));
      return page.getByTestId('connection').textContent();
    }, { timeout: 60_000, intervals: [1_000] }).toContain('Live');
    expect(await page.evaluate(() => window.wasNotReloaded)).toBe(true);
  });

  test('one that changes Host: the server refuses the page, and the test says why', async ({ page }) => {
    test.skip(!!isMissing('nginx'), isMissing('nginx'));
    const proxy = await proxied('nginx', deckwatch, (text) => text.replace(/.*proxy_set_header Host.*\n/, ''));
    await page.goto(`${proxy.url}/realtime-test`);
    expect(await findings(page)).toEqual(['The server does not take this page for its own: the proxy changes `Host`.']);
    await expect(page.getByTestId('lines')).toContainText('proxy_set_header Host $http_host;');
  });

  test('buffered events and cut idle connections are reported, and pages stay live', async ({ page, browser }) => {
    const missing = isMissing('nginx') || isMissing('haproxy');
    test.skip(!!missing, missing);
    // With the default heartbeat, which is slower than this proxy's timeout.
    const ordinary = await Deckwatch.startWith(noEngine, '--demo', '5');
    try {
      const holds = await proxied('nginx', deckwatch, (text) => text.replace(
        'proxy_buffering off;',
        'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; gzip on; gzip_proxied any; gzip_min_length 1; gzip_types text/event-stream;',
      ));
      const cuts = await proxied('haproxy', ordinary, (text) => text.replace('timeout tunnel 1h', 'timeout tunnel 10s'));
      const other = await browser.newPage();
      await page.goto(`${holds.url}/realtime-test`);
      await other.goto(`${cuts.url}/realtime-test`);
      const [held, cut] = await Promise.all([findings(page), findings(other)]);
      expect(held).toHaveLength(1);
      expect(held[0]).toMatch(/^SSE is buffered: events wait for \d+ s or longer\.$/);
      expect(cut).toHaveLength(1);
      expect(cut[0]).toMatch(/^Idle connections are cut after \d+ s\.$/);
      for (const each of [page, other]) await expect(each.getByTestId('connection')).toContainText('Live');
      await other.close();
    } finally {
      await ordinary.kill();
    }
  });
});

test('everything works below a base path', async ({ page }) => {
  test.skip(!!isMissing('nginx'), isMissing('nginx'));
  const below = await Deckwatch.startWith({ ...noEngine, DECKWATCH_BASE_PATH: '/deck' }, '--demo', '5');
  try {
    const proxy = await proxied('nginx', below, (text) => text.replace('location / {', 'location /deck {'));
    const outside = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (!/^\/deck($|\/)/.test(pathname)) outside.push(pathname);
    });
    page.on('websocket', (socket) => {
      if (!new URL(socket.url()).pathname.startsWith('/deck/')) outside.push(socket.url());
    });
    await open(page, `${proxy.url}/deck`);
    await page.locator('nav').getByRole('link', { name: 'Containers' }).click();
    await expect(page).toHaveURL(`${proxy.url}/deck/containers`);
    await expect(page.locator('h1')).toHaveText('Containers');
    await page.locator('tr[data-id] a.name').first().click();
    await expect(page).toHaveURL(/\/deck\/containers\/[0-9a-f]{64}\?host=demo$/);
    await page.getByTestId('theme').click();
    await page.reload();
    await page.waitForSelector('html[data-hydrated]');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-input').fill('overview');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`${proxy.url}/deck`);
    await expect(page.getByTestId('connection')).toContainText('Live');
    expect(outside).toEqual([]);
    const elsewhere = await page.request.get(below.url);
    expect(elsewhere.status()).toBe(404);
    expect((await page.request.get(`${below.url}/healthz`)).status()).toBe(200);
  } finally {
    await below.kill();
  }
});
