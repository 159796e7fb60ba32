// Menus close when they should, stay where they were opened, and are never cut off.
import { Deckwatch, expect, open, row, test } from './deckwatch.mjs';

let deckwatch;
let running;

const containers = () => deckwatch.demoContainers();

test.beforeAll(async () => {
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }, '--demo', '40');
  await expect.poll(async () => {
    running = (await containers()).filter(({ state }) => state === 'running').map(({ name }) => name).sort();
    return running.length;
  }).toBeGreaterThan(6);
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const list = (page) => open(page, `${deckwatch.url}/containers?host=demo`);
const button = (page, name) => row(page, name).getByLabel(/More actions/);
const item = (page, name, action) => row(page, name).locator('.menu').getByRole('button', { name: action, exact: true });

/** Whether the element itself is at its centre, and not another one above it. */
const isReachable = (locator) => locator.evaluate((node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return hit !== null && (node.contains(hit) || hit.contains(node));
});

test('a menu closes on Esc, on a click outside and when it loses the focus', async ({ page }) => {
  await list(page);
  const [name] = running;
  const remove = item(page, name, 'Remove');
  await button(page, name).click();
  await expect(remove).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(remove).toBeHidden();
  await expect(button(page, name)).toBeFocused();

  await button(page, name).click();
  await expect(remove).toBeVisible();
  await page.locator('h1').click();
  await expect(remove).toBeHidden();
  await expect(button(page, name)).toBeFocused();

  await button(page, name).click();
  await expect(remove).toBeVisible();
  await page.getByTestId('theme').focus();
  await expect(remove).toBeHidden();
});

test('a menu is opened and navigated by keys, which do nothing else meanwhile', async ({ page }) => {
  await list(page);
  const [name] = running;
  await button(page, name).focus();
  await page.keyboard.press('Enter');
  const items = row(page, name).locator('.menu li button');
  await expect(items.first()).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(items.first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(items.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(items.last()).toBeFocused();
  // A letter that selects the row when the page handles it.
  await page.keyboard.press('x');
  await expect(page.getByTestId('bulk')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(button(page, name)).toBeFocused();
});

test('a dialog replaces a menu and returns the focus to its button', async ({ page }) => {
  await list(page);
  const [name] = running;
  await button(page, name).click();
  await item(page, name, 'Remove').click();
  await expect(page.getByTestId('confirm')).toBeVisible();
  await expect(item(page, name, 'Remove')).toBeHidden();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('confirm')).toBeHidden();
  await expect(button(page, name)).toBeFocused();

  await button(page, name).click();
  await expect(item(page, name, 'Remove')).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('palette-input')).toBeVisible();
  await expect(item(page, name, 'Remove')).toBeHidden();
  // A dialog whose input cannot be lost closes on a click outside.
  await page.mouse.click(4, 300);
  await expect(page.getByTestId('palette-input')).toBeHidden();
});

test('rows do not move under an open menu', async ({ page, request }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
  const names = () => page.locator('tr[data-id] a.name').allTextContents();
  const [first, second] = await names();
  await button(page, second).click();
  const remove = item(page, second, 'Remove');
  await expect(remove).toBeVisible();
  const before = await remove.boundingBox();
  // Pausing removes it from the list as soon as the list may change.
  const { id } = (await containers()).find(({ name }) => name === first);
  const answer = await request.post(`${deckwatch.url}/api/containers/${id}/pause?host=demo`, { data: {} });
  expect(answer.ok()).toBe(true);
  await expect(row(page, first)).toContainText('paused');
  expect((await names()).slice(0, 2)).toEqual([first, second]);
  expect(await remove.boundingBox()).toEqual(before);
  await page.keyboard.press('Escape');
  await expect.poll(async () => (await names())[0]).not.toBe(first);
  await request.post(`${deckwatch.url}/api/containers/${id}/unpause?host=demo`, { data: {} });
});

test('the focused element of a row keeps the focus when the row moves', async ({ newPage, request }) => {
  // All rows are in view: one that moves out of view is not in the document.
  const page = await newPage({ viewport: { width: 1440, height: 2400 } });
  await open(page, `${deckwatch.url}/containers?host=demo&sort=state`);
  const names = () => page.locator('tr[data-id] a.name').allTextContents();
  const name = (await names()).find((name) => running.includes(name));
  const { id } = (await containers()).find((container) => container.name === name);
  const place = (await names()).indexOf(name);
  await button(page, name).focus();
  await request.post(`${deckwatch.url}/api/containers/${id}/pause?host=demo`, { data: {} });
  await expect.poll(async () => (await names()).indexOf(name)).not.toBe(place);
  await expect(button(page, name)).toBeFocused();
  await request.post(`${deckwatch.url}/api/containers/${id}/unpause?host=demo`, { data: {} });
});

test('no row moves under a pressed pointer, and the click takes effect', async ({ page, request }) => {
  await open(page, `${deckwatch.url}/containers?host=demo&sort=state`);
  const names = () => page.locator('tr[data-id] a.name').allTextContents();
  await button(page, running[0]).hover();
  await page.mouse.down();
  // The list may have changed, so the row is read from the page.
  const name = await page.locator('tr[data-id]:hover a.name').textContent();
  const place = (await names()).indexOf(name);
  const { id } = (await containers()).find((container) => container.name === name);
  await request.post(`${deckwatch.url}/api/containers/${id}/pause?host=demo`, { data: {} });
  await expect(row(page, name)).toContainText('paused');
  expect((await names()).indexOf(name)).toBe(place);
  await page.mouse.up();
  await expect(item(page, name, 'Remove')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect.poll(async () => (await names()).indexOf(name)).not.toBe(place);
  await request.post(`${deckwatch.url}/api/containers/${id}/unpause?host=demo`, { data: {} });
});

for (const [width, height] of [[1440, 900], [1440, 420], [768, 600], [390, 844]]) {
  test(`no menu is cut off at ${width} × ${height}`, async ({ newPage }) => {
    const page = await newPage({ viewport: { width, height } });
    await list(page);
    for (const [which, at] of [['first', 0], ['last', 8]]) {
      // By its name, because it may move before its menu opens.
      const shown = row(page, await page.locator('tr[data-id] a.name').nth(at).textContent());
      if (which === 'last') await shown.evaluate((node) => node.scrollIntoView({ block: 'end' }));
      await shown.getByLabel(/More actions/).click();
      const items = shown.locator('.menu li button');
      await expect(items.last()).toBeVisible();
      for (const each of await items.all()) {
        await expect.poll(() => isReachable(each), `${which}: ${await each.textContent()}`).toBe(true);
      }
      await page.keyboard.press('Escape');
    }
  });
}

for (const [width, height] of [[1440, 900], [390, 844]]) {
  test(`everything in the menus of the log fits on the screen at ${width} × ${height}`, async ({ newPage }) => {
    const page = await newPage({ viewport: { width, height } });
    const all = await containers();
    const [a, b] = running.map((name) => all.find((container) => container.name === name).id);
    await open(page, `${deckwatch.url}/logs?c=${a}&c=${b}`);
    for (const name of ['View', /Container/, 'Download']) {
      await page.locator('.menu > *').getByText(name).or(page.locator('.menu').getByLabel(name)).first().click();
      const parts = page.locator('.menu').locator('label:visible, select:visible, a.choice:visible, .segments:visible button');
      await expect(parts.first()).toBeVisible();
      for (const part of (await parts.all()).slice(0, 8)) {
        await expect.poll(() => isReachable(part), `${name}: ${await part.innerText()}`).toBe(true);
      }
      await page.keyboard.press('Escape');
      await expect(parts).toHaveCount(0);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  });
}

test('menus open without JavaScript too', async ({ newPage }) => {
  const page = await newPage({ javaScriptEnabled: false });
  const all = await containers();
  const { id } = all.find(({ name }) => name === running[0]);
  await page.goto(`${deckwatch.url}/logs?c=${id}`);
  await page.getByRole('button', { name: '+ Container' }).click();
  await expect(page.locator('a.choice').first()).toBeVisible();
});
