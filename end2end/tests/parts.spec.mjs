// The parts of the code that are loaded on demand: preloaded by the HTML of a page that needs them, and without
// a second request for data.
import { Deckwatch, expect, test } from './deckwatch.mjs';

let deckwatch;
let container;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start('--demo', '40');
  container = await deckwatch.demoContainer();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const isCode = (url) => /\/pkg\/[^/]+\.(js|wasm)$/.test(url);
const file = (url) => url.replace(/^.*\/pkg\//, '').replace(/\.[\w-]{22}(?=\.)/, '');

/** Opens a page; returns the URLs of its requests, also of later ones. */
async function opened(page, path) {
  const requested = [];
  page.on('request', (request) => requested.push(request.url()));
  await page.goto(deckwatch.url + path);
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', '');
  return requested;
}

const tab = (name) => `/containers/${container.id}?tab=${name}`;
const cases = [
  ['overview', () => '/', []],
  ['list', () => '/containers', ['containers']],
  ['container', () => `/containers/${container.id}`, ['container']],
  ['logs', () => '/logs', ['logs']],
  ['log of a container', () => tab('logs'), ['container', 'logs']],
  ['charts', () => tab('stats'), ['container', 'container_tabs']],
  ['description', () => tab('inspect'), ['container', 'container_tabs']],
  ['realtime test', () => '/realtime-test', ['realtime_test']],
  ['settings', () => '/settings/profile', ['settings']],
];

for (const [name, path, parts] of cases) {
  test(`the HTML preloads the code that the page needs: ${name}`, async ({ newPage }) => {
    const page = await newPage();
    const hydrated = opened(page, path());
    const requested = await hydrated;
    const preloads = await page.locator('link[rel=preload][as=fetch]').evaluateAll((links) => links.map((link) => link.href));
    const own = (urls) => urls.map(file).filter((found) => found.startsWith('split_'));
    expect(own(preloads).sort()).toEqual(parts.map((part) => `split_${part}.wasm`));
    // Each file is requested once: the preloaded response is used.
    const code = requested.filter(isCode);
    expect(code.length).toBe(new Set(code).size);
    for (const url of preloads) expect(code).toContain(url);
  });
}

test('code files have a hash in their name and are cached as immutable', async ({ request }) => {
  const html = await (await request.get(deckwatch.url)).text();
  const urls = [...html.matchAll(/(?:href|from) ?=?"?(\/pkg\/[^"\s]+)"/g)].map(([, url]) => url);
  expect(urls.length).toBeGreaterThan(3);
  for (const url of urls) {
    expect(url).toMatch(/\.[\w-]{22}\.(css|js|wasm)$/);
    const answer = await request.get(deckwatch.url + url);
    expect(answer.status(), url).toBe(200);
    expect(answer.headers()['cache-control'], url).toBe('public, max-age=31536000, immutable');
  }
});

test('navigation to a page whose code is not loaded yet works, and requests no data twice', async ({ newPage }) => {
  const page = await newPage();
  // While the part loads, the previous page stays visible.
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/pkg\/split_(realtime_test|container)\./, async (route) => {
    await held;
    await route.continue();
  });
  const requested = await opened(page, '/containers');
  await page.locator('nav.navigation a[href$="/realtime-test"]').click();
  await page.waitForTimeout(500);
  await expect(page.locator('.containers-list')).toBeVisible();
  release();
  await expect(page.locator('.realtime')).toBeVisible();
  await expect(page).toHaveURL(/\/realtime-test$/);

  await page.locator('nav.navigation a[href$="/containers"]').first().click();
  await page.locator(`tr[data-id="${container.id}"] a.name`).click();
  await expect(page.locator('nav.tabs')).toBeVisible();
  await page.locator('nav.tabs a[href*="tab=processes"]').click();
  await expect(page.locator('nav.tabs a[aria-current=page]')).toHaveAttribute('href', /tab=processes/);
  await expect(page.locator('table')).toBeVisible();
  const data = requested.filter((url) => url.includes('/api/containers/'));
  expect(data.length, data.join('\n')).toBe(new Set(data).size);
});

test('a dialog that is opened before its code is loaded opens once it is', async ({ newPage }) => {
  const page = await newPage();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/pkg\/split_dialogs\./, async (route) => {
    await held;
    await route.continue();
  });
  await opened(page, '/');
  await page.keyboard.press('Control+k');
  await page.waitForTimeout(300);
  release();
  await expect(page.getByTestId('palette-input')).toBeVisible();
});

test.describe('a part is missing', () => {
  test.use({ mayComplain: true });

  test('the browser loads the page from the server instead', async ({ newPage }) => {
    const page = await newPage();
    let missing = true;
    await page.route(/\/pkg\/split_realtime_test\./, (route) => (missing ? route.fulfill({ status: 404, body: '' }) : route.continue()));
    await opened(page, '/containers');
    await page.route(/\/realtime-test$/, (route) => { missing = false; route.continue(); });
    await page.locator('nav.navigation a[href$="/realtime-test"]').click();
    await expect(page.locator('.realtime')).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('data-hydrated', '');
  });
});
