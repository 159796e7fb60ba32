// Figures are shown with their correct meaning: a limit, an uptime, a rate, a share.
import { Deckwatch, docker, engine as real, expect, open, removeContainers, row, test } from './deckwatch.mjs';
import { FakeEngine, ago, container } from './fake_engine.mjs';

const GIB = 1024 ** 3;

test.describe('with an engine that the test controls', () => {
  let engine;
  let deckwatch;
  test.beforeAll(async () => {
    engine = await FakeEngine.start(
      container('looping', { state: 'restarting', started: ago(52), finished: ago(51), exitCode: 78, restarts: 12 }),
      container('throttled', { cpu: 0.248, nanoCpus: 250_000_000 }),
      container('limited', { memory: 0.5 * GIB, limit: GIB }),
      container('free', { memory: 4 * GIB }),
      container('ended', { state: 'exited', started: ago(3_600), finished: ago(1_800), exitCode: 0, memory: GIB }),
    );
    deckwatch = await Deckwatch.startWith({ DOCKER_HOST: engine.url });
  });
  test.afterAll(async () => {
    await deckwatch?.kill();
    await engine?.stop();
  });

  const page_of = (name, tab) => `${deckwatch.url}/containers/${container(name).id}${tab ? `?tab=${tab}` : ''}`;
  /** The fill level of the bar in a cell. */
  const bar = async (cell) => Number.parseInt(await cell.locator('.fill').getAttribute('width'), 10);
  const fact = (page, name) => page.getByTestId('figures').locator('dt', { hasText: name }).locator('+ dd');

  test('a container between two crashes is not up', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    const looping = row(page, 'looping');
    await expect(looping).toContainText('restarting');
    await expect(looping.locator('td.uptime')).toHaveText('exited 78 · 12× ran 1.0 s');
    await expect(looping.locator('td.memory')).toHaveText('–');
    await open(page, page_of('looping'));
    await expect(page.getByTestId('head')).toContainText('exited 78 · 12× · ran 1.0 s');
    await expect(page.getByTestId('head')).not.toContainText('up ');
    await open(page, deckwatch.url);
    const loop = page.getByTestId('attention').locator('li', { hasText: 'looping' });
    await expect(loop).toContainText('12 ↻');
  });

  test('with a CPU limit, bar and text refer to the limit', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    const cpu = row(page, 'throttled').locator('td.cpu');
    await expect(cpu).toContainText(/^(9\d\.\d|1\d\d) % of 0\.25$/);
    await expect.poll(() => bar(cpu)).toBeGreaterThan(85);
    await expect(cpu.locator('.meter')).toHaveClass(/full/);
    const free = row(page, 'free').locator('td.cpu');
    await expect(free).toContainText(/^\d+\.\d %$/);
    await open(page, page_of('throttled'));
    await expect(fact(page, 'CPU')).toHaveText(/^(9\d\.\d|1\d\d) % of 0\.25 cores$/);
    await open(page, page_of('free'));
    await expect(fact(page, 'CPU')).toHaveText(/^\d+\.\d % no limit$/);
  });

  test('the memory of the host is nowhere shown as a limit', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    await expect(row(page, 'limited').locator('td.memory')).toHaveText('512 MiB / 1 GiB');
    const free = row(page, 'free').locator('td.memory');
    await expect(free).toHaveText('4 GiB');
    // A quarter of the host's 16 GiB.
    await expect.poll(() => bar(free)).toBe(25);
    await open(page, page_of('free'));
    await expect(fact(page, 'Memory')).toHaveText('4 GiB no limit');
    await open(page, page_of('free', 'stats'));
    await expect(page.locator('[data-chart=memory] .chart-head')).toContainText('no limit');
    await open(page, page_of('limited', 'stats'));
    await expect(page.locator('[data-chart=memory] .chart-head')).toContainText('/ 1 GiB');
    const metrics = await (await page.request.get(`${deckwatch.url}/metrics`)).text();
    const limits = metrics.split('\n').filter((line) => line.startsWith('deckwatch_container_memory_limit_bytes{'));
    expect(limits.map((line) => line.match(/name="(\w+)"\} (\d+)/).slice(1))).toEqual([['limited', String(GIB)]]);
  });

  test('a stopped container has no figures', async ({ page }) => {
    await open(page, `${deckwatch.url}/containers`);
    for (const column of ['cpu', 'memory', 'network', 'disk', 'pids']) {
      await expect(row(page, 'ended').locator(`td.${column}`)).toHaveText('–');
    }
    await expect(row(page, 'ended').locator('td.uptime')).toHaveText('exit code 0');
    await open(page, page_of('ended'));
    for (const figure of ['CPU', 'Memory', 'PIDs']) await expect(fact(page, figure)).toContainText('–');
  });

  test('the figures of a container disappear when it ends', async ({ page }) => {
    const passing = container('passing', { memory: GIB });
    engine.containers.push(passing);
    const own = await Deckwatch.startWith({ DOCKER_HOST: engine.url }, '--reconcile-interval', '1s');
    await open(page, `${own.url}/containers/${passing.id}?tab=stats`);
    const memory = page.locator('[data-chart=memory] .readout b');
    await expect(memory).toHaveText('1 GiB');
    Object.assign(passing, { state: 'exited', finished: ago(0), exitCode: 1 });
    await expect(memory).toHaveText('–');
    // Its history can still be pointed at.
    await page.getByRole('slider', { name: 'Memory' }).focus();
    await page.keyboard.press('End');
    await expect(memory).toHaveText('1 GiB');
    await own.kill();
  });
});

test('history lines do not count for the lines per second', async ({ page }) => {
  const own = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, '--demo', '20');
  const { id } = await own.demoContainer();
  // All texts of the footer while the log is opened, updated every second.
  await page.addInitScript(() => {
    window.said = new Set();
    setInterval(() => {
      const counts = document.querySelector('[data-testid=counts]');
      if (counts) window.said.add(counts.textContent);
    }, 50);
  });
  await open(page, `${own.url}/logs?c=${id}&tail=1000`);
  await expect(page.getByTestId('counts')).toHaveText(/^(1,)?\d{3} lines/);
  // The next second has been counted, too, once a live line has arrived.
  await expect(page.getByTestId('counts')).toHaveText(/[1-9] lines\/s/);
  const most = () => page.evaluate(() => Math.max(...[...window.said].map((text) => Number(text.match(/([\d,]+) lines\/s/)?.[1].replace(',', '') ?? 0))));
  // The current text may be recorded a moment later.
  await expect.poll(most).toBeGreaterThan(0);
  expect(await most()).toBeLessThan(100);
  await own.kill();
});

test('a demo limit is the same in the list and on the container’s page', async ({ page }) => {
  const own = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, '--demo', '30');
  await open(page, `${own.url}/containers?host=demo&state=running`);
  const rows = page.locator('tr[data-id]');
  await expect(rows.first().locator('td.memory')).toContainText('iB');
  const told = await rows.evaluateAll((all) => all.map((one) => [one.dataset.id, one.querySelector('td.memory').textContent.split(' / ')[1] ?? 'no limit']));
  expect(new Set(told.map(([, limit]) => limit === 'no limit')).size, 'with and without').toBe(2);
  for (const is_limited of [true, false]) {
    const [id, limit] = told.find(([, limit]) => (limit !== 'no limit') === is_limited);
    await open(page, `${own.url}/containers/${id}`);
    const memory = page.getByTestId('figures').locator('dt', { hasText: 'Memory' }).locator('+ dd');
    await expect(memory).toContainText(is_limited ? `of ${limit}` : limit);
  }
  await own.kill();
});

test.describe('a real engine', () => {
  test.skip(!real, 'no engine: DECKWATCH_TEST_DOCKER is not set');
  test.afterEach(() => {
    removeContainers('e2e-figures');
  });

  test('a container in a crash loop shows how its last run ended', async ({ page }) => {
    const own = await Deckwatch.start();
    docker('run', '-d', '--name', 'e2e-figures-loop', '--restart', 'always', 'deckwatch-test:latest', 'sh', '-c', 'exit 78');
    await open(page, `${own.url}/containers?q=e2e-figures-loop`);
    await expect(row(page, 'e2e-figures-loop').locator('td.uptime')).toHaveText(/^exited 78 · \d+×\sran \d/, { timeout: 60_000 });
    await own.kill();
  });
});
