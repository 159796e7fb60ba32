// Pages with JavaScript disabled: the server's HTML is readable, and has no controls without effect. The
// project `without scripts` runs this file.
import { Deckwatch, docker, engine, expect, row, test } from './deckwatch.mjs';

let deckwatch;
let containers;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start('--demo', '40');
  await expect.poll(async () => {
    containers = await deckwatch.demoContainers();
    return containers.length;
  }).toBe(40);
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const running = () => containers.find(({ state }) => state === 'running');
const names = (page) => page.locator('tr[data-id] a.name').allTextContents();

/** Visible controls without effect when scripts are disabled: all but links, buttons that
    open a menu of links, and controls of a form. */
const deadControls = (page) => page.locator('button:visible, select:visible, input:visible, summary:visible')
  .evaluateAll((all) => all
    .filter((one) => !one.closest('form[method=get], form[method=post]') && !one.closest('details:has(a)') && !one.closest('details:has(table)')
      && !one.popoverTargetElement?.querySelector('a'))
    .map((one) => one.outerHTML));

async function expectHonest(page, path) {
  const answer = await page.goto(deckwatch.url + path);
  expect(answer.status(), path).toBe(200);
  await expect(page.locator('h1'), path).not.toBeEmpty();
  await expect(page.locator('noscript .banner').first(), path).toBeVisible();
  expect(await deadControls(page), path).toEqual([]);
  await expect(page.getByTestId('connection'), 'nothing connects').toBeHidden();
}

test('the overview shows the hosts and their containers', async ({ page }) => {
  await expectHonest(page, '/');
  await expect(page.locator('noscript .banner')).toContainText('UTC');
  await expect(page.getByTestId('demo-banner')).toBeVisible();
  await expect(page.locator('main')).toContainText('demo');
  await page.getByRole('link', { name: /Containers/ }).first().click();
  await expect(page).toHaveURL(/\/containers$/);
});

test('the list is filtered and sorted by its URL', async ({ page }) => {
  await expectHonest(page, '/containers?host=demo');
  await expect(page.locator('tr[data-id]')).not.toHaveCount(0);
  await page.goto(`${deckwatch.url}/containers?host=demo&sort=name`);
  const ascending = await names(page);
  expect(ascending.length).toBeGreaterThan(10);
  await page.goto(`${deckwatch.url}/containers?host=demo&sort=-name`);
  expect(await names(page)).toEqual([...ascending].reverse());
  const { name } = running();
  await page.goto(`${deckwatch.url}/containers?host=demo&q=${name}`);
  await expect(row(page, name)).toBeVisible();
  for (const each of await names(page)) expect(each).toContain(name);
  await page.goto(`${deckwatch.url}/containers?host=demo&state=stopped`);
  await expect(page.locator('tr[data-id]').filter({ hasText: 'running' })).toHaveCount(0);
});

test('filter and order are set and removed by a form and links', async ({ page }) => {
  await page.goto(`${deckwatch.url}/containers?host=demo`);
  await page.locator('th.name a').click();
  await expect(page.locator('th.name')).toHaveAttribute('aria-sort', 'ascending');
  await page.locator('th.name a').click();
  await expect(page.locator('th.name')).toHaveAttribute('aria-sort', 'descending');
  const { name } = running();
  await page.getByRole('searchbox').fill(name);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(new RegExp(`q=${name}`));
  await expect(row(page, name)).toBeVisible();
  await expect(page.locator('th.name'), 'the order stays').toHaveAttribute('aria-sort', 'descending');
  for (const each of await names(page)) expect(each).toContain(name);
  await page.getByRole('searchbox').fill('no such thing');
  await page.getByRole('searchbox').press('Enter');
  await expect(page.locator('tr[data-id]')).toHaveCount(0);
  await page.getByTestId('clear-filter').click();
  await expect(page.locator('tr[data-id]')).not.toHaveCount(0);
});

test('every tab of a container is readable', async ({ page }) => {
  const { id, name, image } = running();
  await expectHonest(page, `/containers/${id}`);
  await expect(page.locator('main')).toContainText(name);
  await expect(page.locator('main')).toContainText(image);
  const tabs = await page.locator('nav.tabs a').evaluateAll((all) => all.map((tab) => tab.getAttribute('href')));
  expect(tabs.length).toBeGreaterThan(4);
  for (const tab of tabs) {
    await expectHonest(page, tab);
    await expect(page.locator('main'), tab).toContainText(name);
    await expect(page.locator('main'), `${tab} waits for what never comes`).not.toContainText(/Asking|Loading/);
  }
});

test('log pages contain the last lines', async ({ page }) => {
  const { id } = running();
  await expectHonest(page, `/logs?c=${id}`);
  await expectHonest(page, `/containers/${id}?tab=logs`);
  await expect(page.getByTestId('log').locator('> *')).not.toHaveCount(0);
  await expect(page.getByTestId('log')).not.toBeEmpty();
});

test('the realtime test says that it needs JavaScript', async ({ page }) => {
  await expectHonest(page, '/realtime-test');
  await expect(page.locator('main noscript')).not.toHaveCount(0);
});

test('the settings are readable', async ({ page }) => {
  await expectHonest(page, '/settings');
});

test.describe('at an unknown address', () => {
  // The browser logs the status of the page itself.
  test.use({ mayComplain: true });
  test('the page says so', async ({ page }) => {
    const answer = await page.goto(`${deckwatch.url}/nowhere`);
    expect(answer.status()).toBe(404);
    await expect(page.locator('main')).toContainText('Page not found');
  });
});

test('without an engine every page says so, and claims nothing else', async ({ page }) => {
  const own = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  for (const path of ['/', '/containers']) {
    await expect.poll(async () => (await page.request.get(own.url + path)).text()).toContain('No Docker engine at');
    await page.goto(own.url + path);
    await expect(page.getByTestId('engine-banner')).toContainText('No Docker engine at');
    await expect(page.getByTestId('no-engine')).toBeVisible();
  }
  await page.goto(own.url);
  await expect(page.getByTestId('attention')).not.toContainText('Nothing needs attention');
  await own.kill();
});

test.describe('with a real engine', () => {
  test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');
  const name = 'e2e-first';
  test.afterEach(() => docker('rm', '-f', name));

  test('the first HTML contains the containers and their last lines', async ({ page }) => {
    docker('run', '-d', '--name', name, 'deckwatch-test:latest', 'sh', '-c', 'echo hello from within; sleep 100000');
    await expect.poll(async () => (await page.request.get(`${deckwatch.url}/containers`)).text()).toContain(name);
    await page.goto(`${deckwatch.url}/containers?q=e2e`);
    await expect(row(page, name)).toContainText('running');
    await page.goto(`${deckwatch.url}/containers?q=nothing-like-it`);
    await expect(row(page, name)).toHaveCount(0);
    const id = docker('inspect', '-f', '{{.Id}}', name);
    await page.goto(`${deckwatch.url}/containers/${id}?tab=logs`);
    await expect(page.getByTestId('log')).toContainText('hello from within');
  });
});
