// The page of one container, against a real engine.
import { createRequire } from 'node:module';
import { Deckwatch, docker, engine, expect, open, removeContainers, row, runContainer, test } from './deckwatch.mjs';

test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const hostile = '<img src=x onerror=alert(1)>\u202e\u001b[31m';
let deckwatch;
const name = (what) => `e2e-page-${what}`;
const page_of = (id, tab) => `${deckwatch.url}/containers/${id}${tab ? `?tab=${tab}` : ''}`;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});
test.afterEach(() => {
  removeContainers('e2e-page-');
});

/** Starts a container with content on every tab. */
function runRich(what) {
  return runContainer(name(what), '--memory', '256m', '--pids-limit', '50', '--restart', 'unless-stopped',
    '-e', 'DB_PASSWORD=hunter2-env', '-e', 'PLAIN=visible', '--label', 'api.token=hunter2-label',
    '--label', `note=${hostile}`, '--label', `long=${'x'.repeat(2_000)}`, '--stop-signal', 'KILL',
    '--health-cmd', 'echo fine', '--health-interval', '1s', '-v', '/data');
}

test('the overview describes the container and masks secrets', async ({ page }) => {
  const id = runRich('rich');
  await open(page, page_of(id));
  const html = await (await page.request.get(page_of(id))).text();
  for (const place of [html, await page.content()]) expect(place).not.toContain('hunter2');
  await expect(page.getByTestId('figures')).toContainText('of 256 MiB');
  await expect(page.getByTestId('figures')).toContainText('of 50');
  await expect(page.getByTestId('facts')).toContainText('sleep 100000');
  await expect(page.getByTestId('facts')).toContainText('unless-stopped · 0 restarts');
  await expect(page.getByTestId('connections')).toContainText('→ /data');
  await expect(page.getByTestId('env')).toContainText('DB_PASSWORD');
  await expect(page.getByTestId('env')).not.toContainText('visible');
  await expect(page.getByTestId('health')).toContainText('fine');
  await expect(page).toHaveTitle(`${name('rich')} · Deckwatch`);
});

test('hostile text is shown as text and breaks no layout', async ({ page }) => {
  const id = runRich('hostile');
  await open(page, page_of(id));
  await expect(page.getByTestId('labels')).toContainText('<img src=x onerror=alert(1)>⟨202E⟩␛[31m');
  expect(await page.locator('img').count()).toBe(0);
  for (const width of [1440, 768, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, `${width} px`).toBeLessThanOrEqual(0);
  }
});

test('processes are listed and can be sorted', async ({ page }) => {
  const id = runRich('top');
  await open(page, page_of(id, 'processes'));
  const table = page.getByTestId('processes');
  await expect(table).toContainText('sleep 100000');
  docker('exec', '-d', name('top'), 'sleep', '4242');
  await expect(table).toContainText('sleep 4242');
  await table.getByRole('button', { name: 'PID', exact: true }).click();
  await expect(table.locator('th').first()).toHaveAttribute('aria-sort', 'descending');
  docker('stop', name('top'));
  await expect(page.getByTestId('no-processes')).toBeVisible();
});

test('events arrive as they happen, described in words', async ({ page }) => {
  const id = runRich('events');
  await open(page, page_of(id, 'events'));
  const events = page.getByTestId('container-events');
  await expect(events).toContainText('started');
  docker('kill', name('events'));
  await expect(events).toContainText('exited (137, killed (SIGKILL))');
  await expect(page.getByTestId('head')).toContainText('killed (SIGKILL)');
});

test('the inspection is a tree that can be searched and copied', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = runRich('inspect');
  await open(page, page_of(id, 'inspect'));
  const tree = page.getByTestId('json');
  await tree.locator('summary', { hasText: 'HostConfig' }).click();
  await expect(tree).toContainText('PidsLimit');
  await page.getByTestId('json-search').fill('db_password');
  await expect(tree).toContainText('DB_PASSWORD=••••••');
  await expect(tree).not.toContainText('PidsLimit');
  await page.getByRole('button', { name: 'Copy: JSON' }).click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  expect(copied.Id).toBe(id);
  expect(JSON.stringify(copied)).not.toContain('hunter2');
});

test('tabs can be reached by link, keyboard and history', async ({ page }) => {
  const id = runRich('tabs');
  await open(page, `${deckwatch.url}/containers?q=e2e-page`);
  await row(page, name('tabs')).getByRole('link', { name: name('tabs') }).click();
  await expect(page.getByTestId('facts')).toContainText('sleep 100000');
  const tabs = page.getByRole('navigation', { name: 'Views of this container' });
  await tabs.getByRole('link', { name: 'Processes' }).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(page_of(id, 'processes'));
  await expect(page.getByTestId('processes')).toContainText('sleep');
  await tabs.getByRole('link', { name: 'Inspect' }).click();
  await expect(page.getByTestId('json')).toContainText('HostConfig');
  await page.goBack();
  await expect(page.getByTestId('processes')).toBeVisible();
});

test('the page of a removed container says so and keeps its last state', async ({ page }) => {
  const id = runRich('gone');
  await open(page, page_of(id));
  await expect(page.getByTestId('facts')).toContainText('sleep 100000');
  docker('rm', '-f', name('gone'));
  await expect(page.getByTestId('head')).toContainText('removed');
  await expect(page.getByTestId('facts')).toContainText('sleep 100000');
  await expect(page.getByTestId('head').getByRole('button', { name: 'Stop' })).toHaveCount(0);
  const answer = await page.request.get(page_of(id));
  expect(await answer.text()).toContain(`The container ${name('gone')} was removed`);
  expect((await page.request.get(page_of('nonsense'))).status()).toBe(404);
});

test('every tab can be read without JavaScript', async ({ browser }) => {
  const id = runRich('plain');
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await expect.poll(async () => (await page.request.get(page_of(id))).status()).toBe(200);
  await page.goto(page_of(id));
  await expect(page.getByTestId('facts')).toContainText('sleep 100000');
  const tabs = page.getByRole('navigation', { name: 'Views of this container' });
  for (const [tab, testId, text] of [
    ['Processes', 'processes', 'sleep 100000'], ['Events', 'container-events', 'started'], ['Inspect', 'json', '"PidsLimit": 50'],
  ]) {
    await tabs.getByRole('link', { name: tab }).click();
    await expect(page.getByTestId(testId)).toContainText(text);
  }
  await context.close();
});

for (const colorScheme of ['dark', 'light']) {
  test(`the page of a container is accessible (${colorScheme})`, async ({ browser }) => {
    const id = runRich('axe');
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    for (const [tab, testId] of [['', 'health'], ['processes', 'processes'], ['events', 'container-events'], ['inspect', 'json']]) {
      await open(page, page_of(id, tab));
      await expect(page.getByTestId(testId)).toBeVisible();
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html]), tab).toEqual([]);
    }
    await context.close();
  });
}
