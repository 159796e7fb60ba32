// Rules for every page: accessible, no console errors, nothing beyond the edge of the screen.
import { createRequire } from 'node:module';
import { Deckwatch, expect, expectToFit, open, test } from './deckwatch.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const WIDTHS = [1440, 768, 390];
let deckwatch;
let container;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start('--demo', '40');
  container = await deckwatch.demoContainer();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

/** Every page that can be reached: those of the navigation, and the tabs of a container. */
async function everyPage(page) {
  const links = (selector) => page.locator(selector).evaluateAll((found) => found.map((link) => link.getAttribute('href')));
  await open(page, `${deckwatch.url}/containers/${container.id}`);
  const found = [...await links('nav.navigation a'), ...await links('nav.tabs a')];
  expect(found.length).toBeGreaterThan(3);
  return [...new Set([...found, '/containers?host=demo&q=shop', '/containers?q=nothing-like-it', `/containers/${'0'.repeat(64)}`])];
}

async function violations(page) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html]);
}

for (const colorScheme of ['dark', 'light']) {
  test(`every page is accessible (${colorScheme})`, async ({ newPage }) => {
    test.slow();
    const page = await newPage({ colorScheme, bypassCSP: true });
    for (const path of await everyPage(page)) {
      await open(page, deckwatch.url + path);
      expect.soft(await violations(page), path).toEqual([]);
    }
  });

  test(`dialogs and menus are accessible (${colorScheme})`, async ({ newPage }) => {
    const page = await newPage({ colorScheme, bypassCSP: true });
    await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('palette-input')).toBeVisible();
    expect.soft(await violations(page), 'palette').toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('palette-input')).toBeHidden();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
    expect.soft(await violations(page), 'help').toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeHidden();
    await page.locator('tr[data-id] .actions > [data-action=stop]').first().click();
    await expect(page.getByTestId('confirm')).toBeVisible();
    expect.soft(await violations(page), 'question').toEqual([]);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('confirm')).toBeHidden();
    // A container that starts a moment later is not selected, and then not all are.
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    await expect(page.getByTestId('bulk')).toBeVisible();
    await page.locator('[popovertarget=view]').click();
    expect.soft(await violations(page), 'menu and bulk bar').toEqual([]);
  });
}

test('nothing is beyond the edge, in either language', async ({ newPage }) => {
  test.slow();
  for (const width of WIDTHS) {
    const page = await newPage({ viewport: { width, height: 900 } });
    for (const path of await everyPage(page)) {
      await open(page, deckwatch.url + path);
      await expectToFit(page, `${path} at ${width}`);
    }
  }
});

test('without an engine every page says so, and claims nothing else', async ({ newPage }) => {
  const own = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' });
  const page = await newPage();
  await open(page, `${own.url}/`);
  await expect(page.getByTestId('attention')).toContainText('Unknown while an engine does not answer');
  await expect(page.getByTestId('attention')).not.toContainText('Nothing needs attention');
  for (const path of ['/', '/containers']) {
    await open(page, own.url + path);
    await expect(page.getByTestId('engine-banner')).toContainText('No Docker engine at');
    await expect(page.getByTestId('no-engine')).toBeVisible();
  }
  await own.kill();
});

test('on a phone a log covers neither the tabs above nor the bar below it', async ({ newPage }) => {
  const page = await newPage({ viewport: { width: 390, height: 560 } });
  await open(page, `${deckwatch.url}/containers/${container.id}?tab=logs`);
  await expect(page.getByTestId('log')).not.toBeEmpty();
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  const edges = () => page.evaluate(() => {
    const box = (selector) => document.querySelector(selector).getBoundingClientRect();
    return { tabs: box('nav.tabs').height, tab: box('nav.tabs .tab').height, foot: box('.logs').bottom, bar: box('nav.navigation').top, lines: box('[data-testid=log]').height };
  });
  await expect.poll(async () => { const { tabs, tab } = await edges(); return tabs >= tab; }).toBe(true);
  await expect.poll(async () => { const { foot, bar } = await edges(); return foot <= bar; }).toBe(true);
  expect((await edges()).lines).toBeGreaterThan(60);
});
