// The charts of a container, the same data as a table, and the sparklines in lists.
import { createRequire } from 'node:module';
import { Deckwatch, EngineInBetween, docker, engine, expect, open, removeContainers, test } from './deckwatch.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Number of painted pixels of a canvas. */
function painted(canvas) {
  return canvas.evaluate((node) => {
    const { width, height } = node;
    if (width === 0 || height === 0) return 0;
    // Copied to another canvas, because reading the page's own would slow it down.
    const own = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { willReadFrequently: true });
    own.drawImage(node, 0, 0);
    const { data } = own.getImageData(0, 0, width, height);
    let pixels = 0;
    for (let n = 3; n < data.length; n += 4) pixels += data[n] === 0 ? 0 : 1;
    return pixels;
  });
}

/** The path of a sparkline. */
const path = (line) => line.locator('path.line').evaluate((node) => node.getAttribute('d') ?? '');
/** Number of points of the path. */
const points = async (line) => (await path(line)).split(/[ML]/).length - 1;

test.describe('with demo containers', () => {
  let deckwatch;
  test.beforeAll(async () => {
    deckwatch = await Deckwatch.start('--demo', '40');
  });
  test.afterAll(async () => {
    await deckwatch?.kill();
  });

  test('charts show the data of the table, and the table the history of the server', async ({ page }) => {
    const { id } = await deckwatch.demoContainer();
    await open(page, `${deckwatch.url}/containers/${id}?tab=stats`);
    const charts = page.locator('[data-chart]');
    await expect(charts).toHaveCount(5);
    for (const canvas of await charts.locator('canvas').all()) {
      await expect.poll(() => painted(canvas)).toBeGreaterThan(100);
    }
    await page.getByText('The same figures as a table').click();
    const rows = page.getByTestId('stats-table').locator('tbody tr');
    await expect.poll(() => rows.count()).toBeGreaterThan(1);
    // The newest row has the values of the charts; both are updated by the same ticks, so they are read
    // together.
    await expect.poll(() => page.evaluate(() => {
      const first = document.querySelector('[data-testid=stats-table] tbody tr');
      const said = [...document.querySelectorAll('[data-chart=cpu] b, [data-chart=memory] b')].map((node) => node.textContent);
      const cells = [...first.querySelectorAll('td')].map((node) => node.textContent);
      return said[0] === cells[0] && said[1] === cells[1];
    })).toBe(true);
    const times = await rows.locator('th').allTextContents();
    const history = await (await page.request.get(`${deckwatch.url}/api/containers/${id}/stats`)).json();
    const known = history.timestamps.map((time) => `${time.slice(11, 19)} UTC`);
    for (const time of times.slice(1)) expect(known).toContain(time);
  });

  test('all charts share one crosshair, by pointer and by key', async ({ page }) => {
    const { id } = await deckwatch.demoContainer();
    await open(page, `${deckwatch.url}/containers/${id}?tab=stats`);
    await page.getByText('The same figures as a table').click();
    await expect.poll(() => page.getByTestId('stats-table').locator('tbody tr').count()).toBeGreaterThan(2);
    const slider = page.getByRole('slider', { name: 'CPU' });
    await slider.focus();
    await page.keyboard.press('Home');
    const moment = page.getByTestId('moment');
    await expect(moment).toHaveText(/\d\d:\d\d:\d\d UTC/);
    const first = await moment.textContent();
    await page.keyboard.press('ArrowRight');
    await expect(moment).not.toHaveText(first);
    const second = await moment.textContent();
    // The values at that time are those of the table.
    const line = page.getByTestId('stats-table').locator('tbody tr', { hasText: second }).first();
    const cells = await line.locator('td').allTextContents();
    await expect(slider).toHaveAttribute('aria-valuetext', `${second}: ${cells[0]}`);
    await expect(page.locator('[data-chart=memory] .readout b')).toHaveText(cells[1]);
    await expect(page.locator('[data-chart=network] .readout b')).toHaveText([cells[3], cells[4]]);
    await page.keyboard.press('Escape');
    await expect(moment).toHaveText('');
    await slider.hover();
    await expect(moment).toHaveText(/UTC/);
    await page.mouse.move(2, 2);
    await expect(moment).toHaveText('');
  });

  test('the last minute is part of the last five', async ({ page }) => {
    const { id } = await deckwatch.demoContainer();
    await open(page, `${deckwatch.url}/containers/${id}?tab=stats`);
    const canvas = page.locator('[data-chart=pids] canvas');
    const before = await canvas.evaluate((node) => node.toDataURL());
    await page.getByRole('button', { name: '1 min' }).click();
    await expect(page.getByRole('button', { name: '1 min' })).toHaveAttribute('aria-pressed', 'true');
    await expect.poll(() => canvas.evaluate((node) => node.toDataURL())).not.toBe(before);
  });

  test('charts follow the theme and the width', async ({ page }) => {
    const { id } = await deckwatch.demoContainer();
    await open(page, `${deckwatch.url}/containers/${id}?tab=stats`);
    const canvas = page.locator('[data-chart=cpu] canvas');
    await expect.poll(() => painted(canvas)).toBeGreaterThan(100);
    // The grid is drawn in any case; its colour differs most between the themes.
    const grid = () => canvas.evaluate((node) => {
      const own = Object.assign(document.createElement('canvas'), { width: 1, height: node.height }).getContext('2d', { willReadFrequently: true });
      own.drawImage(node, node.width >> 1, 0, 1, node.height, 0, 0, 1, node.height);
      const { data } = own.getImageData(0, 0, 1, node.height);
      const levels = [];
      for (let n = 0; n < data.length; n += 4) if (data[n + 3] === 255) levels.push(data[n]);
      return Math.max(...levels);
    });
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(grid).toBeLessThan(100);
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(grid).toBeGreaterThan(150);
    const width = await canvas.evaluate((node) => node.width);
    await page.setViewportSize({ width: 800, height: 700 });
    await expect.poll(() => canvas.evaluate((node) => node.width)).not.toBe(width);
    const isSharp = () => canvas.evaluate((node) => node.width === Math.round(node.clientWidth * devicePixelRatio));
    await expect.poll(isSharp).toBe(true);
  });

  test('every running row has a sparkline that begins before the page was opened', async ({ page }) => {
    await expect.poll(async () => {
      const { id } = await deckwatch.demoContainer();
      const history = await (await page.request.get(`${deckwatch.url}/api/containers/${id}/stats`)).json();
      return history.timestamps.length;
    }, { timeout: 60_000 }).toBeGreaterThan(3);
    const asked = [];
    page.on('request', (request) => {
      if (request.url().includes('/api/stats/sparklines')) asked.push(request.url());
    });
    await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
    const lines = page.locator('tr[data-id] svg.cpu-line');
    await expect.poll(() => lines.count()).toBeGreaterThan(10);
    for (const line of (await lines.all()).slice(0, 5)) {
      await expect.poll(() => points(line)).toBeGreaterThan(1);
    }
    // The page keeps moving, and does not request every sample.
    const pictures = new Set();
    await expect.poll(async () => pictures.add(await path(lines.first())).size, { timeout: 60_000 }).toBeGreaterThan(6);
    expect(asked.length).toBeLessThan(pictures.size);
  });

  test('the bars of CPU and memory are alike and aligned', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers?host=demo&state=running`);
    const first = page.locator('tr[data-id]').first();
    const [cpu, memory] = await Promise.all(['cpu', 'memory'].map((name) => first.locator(`td.${name} .track`).boundingBox()));
    expect([memory.y, memory.width, memory.height]).toEqual([cpu.y, cpu.width, cpu.height]);
  });

  test('hosts show their recent history', async ({ page }) => {
    await open(page, deckwatch.url);
    const lines = page.locator('.host svg.sparkline');
    await expect(lines).toHaveCount(8);
    await expect.poll(() => points(lines.first())).toBeGreaterThan(1);
  });

  test('without scripts the figures and the table are shown', async ({ browser, page }) => {
    const { id } = await deckwatch.demoContainer();
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${deckwatch.url}/containers/${id}?tab=stats`);
    await expect(plain.locator('[data-chart=memory] .readout b')).toHaveText(/[KMG]iB/);
    await plain.getByText('The same figures as a table').click();
    await expect(plain.getByTestId('stats-table').locator('tbody tr').first()).toContainText('iB');
    await context.close();
  });

  for (const colorScheme of ['dark', 'light']) {
    test(`the charts are accessible (${colorScheme})`, async ({ browser, page }) => {
      const { id } = await deckwatch.demoContainer();
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const shown = await context.newPage();
      await open(shown, `${deckwatch.url}/containers/${id}?tab=stats`);
      await shown.getByText('The same figures as a table').click();
      await shown.addScriptTag({ path: axe });
      const { violations } = await shown.evaluate(() => window.axe.run());
      expect(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html])).toEqual([]);
      await context.close();
    });
  }
});

test.describe('a real engine', () => {
  test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');
  test.afterEach(() => {
    removeContainers('e2e-stats');
  });

  const busy = (name) => docker('run', '-d', '--name', name, '--memory', '64m', 'deckwatch-test:latest', 'sh', '-c', 'while :; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1; done');

  test('a lost engine leaves a gap, in the chart and in the table', async ({ page }) => {
    const between = await EngineInBetween.start(engine);
    const own = await Deckwatch.startWith({ DOCKER_HOST: between.url });
    const id = busy('e2e-stats-gap');
    await open(page, `${own.url}/containers/${id}?tab=stats`);
    const memory = page.locator('[data-chart=memory] .readout b');
    await expect(memory).toHaveText(/iB/);
    await page.getByText('The same figures as a table').click();
    const rows = page.getByTestId('stats-table').locator('tbody tr');
    await expect.poll(() => rows.count()).toBeGreaterThan(2);
    await between.stop();
    await expect(page.getByTestId('stats-note')).toHaveText(/No figures since/, { timeout: 60_000 });
    await between.listen();
    await expect(page.locator('[data-testid=stats-table] tr.gap').first()).toBeVisible({ timeout: 60_000 });
    await expect(page.getByTestId('stats-note')).toHaveText('');
    // A gap is unknown: it has no zeroes.
    await expect(page.locator('[data-testid=stats-table] tr.gap').first().locator('td')).toHaveText(Array(8).fill('–'));
    await own.kill();
    await between.stop();
  });

  test('the charts of a stopped container end there', async ({ page }) => {
    const own = await Deckwatch.start();
    const id = busy('e2e-stats-end');
    await open(page, `${own.url}/containers/${id}?tab=stats`);
    await expect(page.locator('[data-chart=memory] .readout b')).toHaveText(/iB/);
    docker('kill', 'e2e-stats-end');
    await expect(page.getByTestId('stats-note')).toHaveText(/Not running; figures end at \d\d:\d\d:\d\d UTC/);
    await page.reload();
    await expect(page.getByTestId('stats-note')).toHaveText(/Not running; figures end at/);
    await expect(page.locator('[data-chart=memory] .readout b')).toHaveText('–');
    await page.getByText('The same figures as a table').click();
    await expect(page.getByTestId('stats-table').locator('tbody tr').first()).toContainText('iB');
    await own.kill();
  });

  test('a repeated event of a container is listed once', async ({ page }) => {
    const own = await Deckwatch.start();
    await open(page, own.url);
    docker('run', '-d', '--name', 'e2e-stats-loop', '--restart', 'always', 'deckwatch-test:latest', 'sh', '-c', 'exit 3');
    const events = page.getByTestId('events').locator('li', { hasText: 'e2e-stats-loop' });
    await expect(events.filter({ hasText: 'fails and restarts (exit code 3)' })).toContainText(/×\d/, { timeout: 60_000 });
    await expect(events.filter({ hasText: 'ago' }).first()).toBeVisible();
    await events.first().getByRole('link').click();
    await expect(page).toHaveURL(/\/containers\/[0-9a-f]{64}$/);
    await own.kill();
  });
});
