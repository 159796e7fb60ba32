// Everything in the table of containers can be reached, at every width.
import { Deckwatch, expect, open, test } from './deckwatch.mjs';

let deckwatch;
let published;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }, '--demo', '60');
  await expect.poll(async () => {
    published = (await deckwatch.demoContainers()).find(({ ports, state }) => state === 'running' && ports.some(({ publicPort }) => publicPort > 0));
    return published?.name;
  }).toBeTruthy();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

/** The parts of the table that are not completely inside the card, or cannot be clicked. */
const unreachable = (page) => page.evaluate(() => {
  const card = document.querySelector('.table-card').getBoundingClientRect();
  const wrong = [];
  const isShown = (node) => node.checkVisibility();
  for (const cell of [...document.querySelectorAll('table.containers :is(th, td)')].filter(isShown)) {
    const { left, right } = cell.getBoundingClientRect();
    if (left < card.left - 1 || right > card.right + 1) wrong.push(`${cell.className}: ${left}–${right} in ${card.left}–${card.right}`);
    if (cell.tagName === 'TH' && cell.scrollWidth > cell.clientWidth) wrong.push(`${cell.className}: "${cell.textContent}" is cut`);
  }
  const row = document.querySelector('tr[data-id]');
  for (const control of [...row.querySelectorAll('button, a, input'), ...document.querySelectorAll('thead :is(a, button)')].filter(isShown)) {
    const { left, top, width, height } = control.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!hit || !(control.contains(hit) || hit.contains(control))) wrong.push(`${control.outerHTML.slice(0, 80)} is not within reach`);
  }
  const beyond = document.documentElement.scrollWidth - window.innerWidth;
  if (beyond > 0) wrong.push(`the page is ${beyond} px too wide`);
  return [...new Set(wrong)];
});

const WIDTHS = [641, 680, 720, 768, 820, 900, 1000, 1001, 1024, 1100, 1180, 1280, 1366, 1440, 1500, 1536, 1600, 1680, 1800, 1920];

/** Names of the columns that can be hidden. */
const choices = (page) => page.locator('.menu:visible label.check');
const view = (page) => page.locator('.toolbar').getByText('View', { exact: true });

async function check(page, what) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    expect.soft(await unreachable(page), `${what} at ${width}`).toEqual([]);
  }
}

test('everything in the table can be reached, at any width, in either density and language', async ({ newPage }) => {
  test.slow();
  const page = await newPage({ viewport: { width: 1440, height: 800 } });
  await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
  await expect(page.locator('tr[data-id]').first()).toBeVisible();
  await check(page, 'normal');
  await page.getByTestId('language').click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await check(page, 'Korean');
  await page.getByTestId('language').click();
  await page.setViewportSize({ width: 1440, height: 800 });
  await view(page).click();
  await page.getByRole('button', { name: 'Compact' }).click();
  await page.keyboard.press('Escape');
  await expect(page.locator('table.containers')).toHaveClass(/compact/);
  await check(page, 'compact');
});

test('a hidden column leaves its space to others, and the menu names columns without space', async ({ newPage }) => {
  const page = await newPage({ viewport: { width: 1440, height: 900 } });
  await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
  const head = (name) => page.locator('th').filter({ hasText: name });
  await expect(head('Image')).toBeVisible();
  await expect(head('Disk I/O')).toBeHidden();
  await view(page).click();
  const noted = async () => (await choices(page).filter({ has: page.getByText('no room', { exact: false }).locator('visible=true') }).allInnerTexts())
    .map((text) => text.split('\n')[0].trim());
  const shown = async () => (await page.locator('th:visible').allInnerTexts()).map((text) => text.replace(/[↓↑]/g, '').trim());
  const wanted = await choices(page).allInnerTexts();
  expect(wanted.length).toBeGreaterThan(9);
  const [without, heads] = [await noted(), await shown()];
  expect(without).toContain('Disk I/O');
  for (const text of wanted) {
    const name = text.split('\n')[0].replace(/no room.*/, '').trim();
    expect(heads.includes(name), name).toBe(!without.some((noted) => noted.startsWith(name)));
  }
  for (const name of ['Image', 'Memory', 'CPU', 'Ports', 'Network']) await page.getByRole('checkbox', { name }).uncheck();
  await expect(head('Disk I/O')).toBeVisible();
  expect(await noted()).toEqual([]);
  await page.keyboard.press('Escape');
  await check(page, 'few columns');
});

test('a port finds the container that publishes it, on either side', async ({ page, request }) => {
  const { publicPort } = published.ports.find(({ publicPort }) => publicPort > 0);
  const address = `${deckwatch.url}/containers?host=demo&q=${publicPort}`;
  const html = await (await request.get(address)).text();
  expect(html).toContain(`data-id="${published.id}"`);
  await open(page, `${deckwatch.url}/containers?host=demo`);
  await page.keyboard.press('/');
  await page.keyboard.type(String(publicPort));
  await expect(page).toHaveURL(new RegExp(`q=${publicPort}`));
  await expect(page.locator(`tr[data-id="${published.id}"]`)).toBeVisible();
  const all = (await deckwatch.demoContainers()).length;
  await expect.poll(() => page.locator('tr[data-id]').count()).toBeLessThan(all);
});

for (const height of [500, 2400]) {
  test(`a list is complete and works after it is reloaded, in a window of ${height} px`, async ({ newPage }) => {
    const page = await newPage({ viewport: { width: 1280, height } });
    await open(page, `${deckwatch.url}/containers?sort=name`);
    const all = (await deckwatch.demoContainers()).map(({ name }) => name);
    const seen = async () => {
      const names = new Set();
      await page.evaluate(() => window.scrollTo(0, 0));
      for (let at = 0; at < 60 * 46 + height; at += Math.round(height / 2)) {
        await page.evaluate((top) => new Promise((resolve) => {
          window.scrollTo(0, top);
          requestAnimationFrame(() => requestAnimationFrame(resolve));
        }), at);
        for (const name of await page.locator('tr[data-id] a.name').allTextContents()) names.add(name);
      }
      return [...names].sort();
    };
    expect(await seen()).toEqual([...all].sort());
    // Scrolled to its end.
    const last = page.locator('tr[data-id]').last();
    await expect(last).toBeInViewport();
    const name = await last.locator('a.name').textContent();
    await page.reload();
    await page.waitForSelector('html[data-hydrated]');
    await expect(page.locator('tr[data-id]', { hasText: name }).first()).toBeInViewport();
    await page.locator('tr[data-id]', { hasText: name }).first().getByRole('checkbox').check();
    await expect(page.locator('.bulk')).toBeVisible();
    expect(await seen()).toEqual([...all].sort());
  });
}
