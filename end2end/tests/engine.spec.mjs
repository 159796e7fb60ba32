// The page against a real engine.
import { Deckwatch, EngineInBetween, docker, engine, expect, open, removeContainers, row, runContainer, test } from './deckwatch.mjs';

test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');

let deckwatch;
const name = (what) => `e2e-${what}`;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});
test.afterEach(() => {
  removeContainers('e2e-');
});

test('the list follows changes by the command line', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  runContainer(name('cli'));
  await expect(row(page, name('cli'))).toContainText('running');
  docker('pause', name('cli'));
  await expect(row(page, name('cli'))).toContainText('paused');
  docker('unpause', name('cli'));
  docker('rename', name('cli'), name('renamed'));
  await expect(row(page, name('renamed'))).toContainText('running');
  docker('stop', '-t', '0', name('renamed'));
  await expect(row(page, name('renamed'))).toContainText('exited');
  docker('rm', name('renamed'));
  await expect(row(page, name('renamed'))).toHaveCount(0);
});

test('a second browser sees the actions of the first', async ({ page, newPage }) => {
  runContainer(name('both'), '--stop-signal', 'KILL');
  const other = await newPage();
  await open(page, `${deckwatch.url}/containers`);
  await open(other, `${deckwatch.url}/containers`);
  await row(page, name('both')).getByRole('button', { name: 'Stop' }).click();
  await page.getByTestId('confirm').click();
  for (const each of [page, other]) await expect(row(each, name('both'))).toContainText('exited');
  await row(other, name('both')).getByRole('button', { name: 'Start' }).click();
  for (const each of [page, other]) await expect(row(each, name('both'))).toContainText('running');
  await row(page, name('both')).getByLabel(/More actions/).click();
  await row(page, name('both')).getByRole('button', { name: 'Remove' }).click();
  await page.getByLabel(/force/).check();
  await page.getByTestId('confirm').click();
  for (const each of [page, other]) await expect(row(each, name('both'))).toHaveCount(0);
});

test('every other action has its effect', async ({ page, newPage }) => {
  runContainer(name('acted'));
  const other = await newPage();
  await open(page, `${deckwatch.url}/containers?q=e2e-acted`);
  await open(other, `${deckwatch.url}/containers`);
  const choose = async (of, action) => {
    await row(page, of).getByLabel(/More actions/).click();
    await row(page, of).locator('.menu').getByRole('button', { name: action }).click();
  };
  const bothShow = async (of, state) => {
    for (const each of [page, other]) await expect(row(each, of)).toContainText(state);
  };
  await choose(name('acted'), 'Pause');
  await bothShow(name('acted'), 'paused');
  await choose(name('acted'), 'Unpause');
  await bothShow(name('acted'), 'running');
  // Before the restart: an engine without networks, as in these tests, loses track of names then.
  await choose(name('acted'), 'Rename');
  await page.getByTestId('new-name').fill(name('acted-on'));
  await page.getByTestId('confirm').click();
  await bothShow(name('acted-on'), 'running');
  const started = docker('inspect', '-f', '{{.State.StartedAt}}', name('acted-on'));
  await row(page, name('acted-on')).getByRole('button', { name: 'Restart' }).click();
  await page.getByTestId('grace').fill('0');
  await page.getByTestId('confirm').click();
  await expect.poll(() => docker('inspect', '-f', '{{.State.StartedAt}}', name('acted-on'))).not.toBe(started);
  await bothShow(name('acted-on'), 'running');
  await choose(name('acted-on'), 'Kill');
  await page.getByTestId('confirm').click();
  await bothShow(name('acted-on'), 'exited');
  expect(docker('inspect', '-f', '{{.State.ExitCode}}', name('acted-on'))).toBe('137');
});

test('the number in the title follows changes', async ({ page }) => {
  runContainer(name('counted'));
  await open(page, `${deckwatch.url}/containers`);
  const counts = () => docker('info', '-f', '({{.ContainersRunning}}/{{.Containers}})');
  await expect.poll(async () => (await page.title()).split(' ')[0] === counts()).toBe(true);
  const before = counts();
  docker('stop', '-t', '0', name('counted'));
  await expect.poll(async () => (await page.title()).split(' ')[0] === counts()).toBe(true);
  expect(counts()).not.toBe(before);
});

test('protected containers cannot be acted on, and hidden ones do not appear', async ({ page }) => {
  runContainer(name('protected'), '--label', 'deckwatch.protect=true');
  runContainer(name('hidden'), '--label', 'deckwatch.hide=true');
  runContainer(name('plain'));
  await open(page, `${deckwatch.url}/containers?q=e2e-`);
  await expect(row(page, name('plain')).locator('[data-action=stop]').first()).toBeVisible();
  await expect(row(page, name('protected'))).toContainText('running');
  await expect(row(page, name('protected')).locator('[data-action]')).toHaveCount(0);
  await expect(row(page, name('hidden'))).toHaveCount(0);
});

test('the reason of a failed action stays on the row until dismissed', async ({ page }) => {
  runContainer(name('taken'));
  runContainer(name('other'));
  await open(page, `${deckwatch.url}/containers`);
  const other = row(page, name('other'));
  await other.getByLabel(/More actions/).click();
  await other.getByRole('button', { name: 'Rename' }).click();
  await page.getByTestId('new-name').fill(name('taken'));
  await page.getByTestId('confirm').click();
  await expect(other.getByTestId('action-error')).toContainText('already in use');
  await other.getByRole('button', { name: 'Dismiss' }).click();
  await expect(other.getByTestId('action-error')).toHaveCount(0);
  await expect(other.getByRole('button', { name: 'Stop' })).toBeVisible();
});

test('the overview begins with failed containers', async ({ page }) => {
  docker('run', '-d', '--name', name('fails'), 'deckwatch-test:latest', 'sh', '-c', 'exit 3');
  await open(page, deckwatch.url);
  await expect(page.getByTestId('attention')).toContainText(name('fails'));
  await expect(page.getByTestId('attention')).toContainText('exited (3)');
});

test('the log and the properties of a container are shown', async ({ page }) => {
  docker('run', '-d', '--name', name('says'), 'deckwatch-test:latest', 'sh', '-c', 'echo hello from within; sleep 1000');
  await open(page, `${deckwatch.url}/containers?q=e2e-says`);
  await page.getByRole('link', { name: name('says'), exact: true }).click();
  await expect(page.getByText('deckwatch-test:latest')).toBeVisible();
  await page.getByRole('navigation', { name: 'Views of this container' }).getByRole('link', { name: 'Logs' }).click();
  await expect(page.getByTestId('log')).toContainText('hello from within');
});

test('rows can be navigated, selected, opened and acted on by keyboard', async ({ page }) => {
  for (const each of ['key-a', 'key-b']) runContainer(name(each), '--stop-signal', 'KILL');
  await open(page, `${deckwatch.url}/containers?q=e2e-key&sort=name`);
  await expect(page.locator('tr[data-id]')).toHaveCount(2);
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(row(page, name('key-b'))).toBeFocused();
  await page.keyboard.press('x');
  await expect(row(page, name('key-b')).getByRole('checkbox')).toBeChecked();
  await page.keyboard.press('k');
  const started = docker('inspect', '-f', '{{.State.StartedAt}}', name('key-a'));
  await page.keyboard.press('r');
  await page.getByTestId('confirm').click();
  await expect.poll(() => docker('inspect', '-f', '{{.State.StartedAt}}', name('key-a'))).not.toBe(started);
  await row(page, name('key-a')).focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/containers\/[0-9a-f]{64}$/);
});

test('several containers are stopped and removed at once', async ({ page }) => {
  for (const each of ['bulk-a', 'bulk-b', 'bulk-c']) runContainer(name(each), '--stop-signal', 'KILL');
  await open(page, `${deckwatch.url}/containers?q=e2e-bulk`);
  await expect(page.locator('tr[data-id]')).toHaveCount(3);
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  const bar = page.getByTestId('bulk');
  await bar.getByRole('button', { name: 'Stop' }).click();
  await page.getByTestId('confirm').click();
  await expect(page.locator('tr[data-id]', { hasText: 'exited' })).toHaveCount(3);
  await bar.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('dialog')).toContainText(name('bulk-b'));
  await page.getByTestId('confirm').click();
  await expect(page.locator('tr[data-id]')).toHaveCount(0);
});

test('of several actions the failed one shows the reason, and the others succeed', async ({ page }) => {
  runContainer(name('mixed-runs'));
  runContainer(name('mixed-over'), '--stop-signal', 'KILL');
  docker('stop', name('mixed-over'));
  await open(page, `${deckwatch.url}/containers?q=e2e-mixed`);
  await expect(row(page, name('mixed-over'))).toContainText('exited');
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByTestId('bulk').getByRole('button', { name: 'Remove' }).click();
  await page.getByTestId('confirm').click();
  await expect(row(page, name('mixed-over'))).toHaveCount(0);
  await expect(row(page, name('mixed-runs')).getByTestId('action-error')).toContainText('running');
  await expect(page.getByTestId('bulk')).toContainText('1 selected');
  await expect(page.getByTestId('bulk').getByRole('status')).toHaveText('1 failed');
});

test('a lost engine is reported and recovers by itself', async ({ page }) => {
  const between = await EngineInBetween.start(engine);
  const own = await Deckwatch.startWith({ DOCKER_HOST: between.url });
  runContainer(name('stays'));
  await open(page, `${own.url}/containers`);
  await expect(row(page, name('stays'))).toContainText('running');
  await between.stop();
  await expect(page.getByTestId('engine-banner')).toContainText('No Docker engine at');
  await expect(row(page, name('stays'))).toHaveAttribute('data-freshness', 'stale');
  await expect(page.getByTestId('connection')).toContainText('Live');
  docker('stop', '-t', '0', name('stays'));
  await between.listen();
  await expect(page.getByTestId('engine-banner')).toHaveCount(0);
  await expect(row(page, name('stays'))).toContainText('exited');
  await expect(row(page, name('stays'))).not.toHaveAttribute('data-freshness');
  await own.kill();
  await between.stop();
});

test.describe('when the server is lost', () => {
  test.use({ mayComplain: true });
  test('the page says so and recovers without a reload', async ({ page }) => {
    const own = await Deckwatch.start();
    await open(page, `${own.url}/containers`);
    await page.evaluate(() => { window.wasNotReloaded = true; });
    await own.kill();
    await expect(page.getByTestId('connection')).toContainText('Reconnecting');
    runContainer(name('meanwhile'));
    await own.start();
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 45_000 });
    await expect(row(page, name('meanwhile'))).toContainText('running');
    expect(await page.evaluate(() => window.wasNotReloaded)).toBe(true);
    await own.kill();
  });

  test('a page whose socket is blocked polls, and becomes live again', async ({ page }) => {
    test.setTimeout(120_000);
    let blocked = true;
    await page.routeWebSocket(/\/api\/ws/, (socket) => (blocked ? socket.close({ code: 1001 }) : socket.connectToServer()));
    await page.goto(`${deckwatch.url}/containers`);
    await expect(page.getByTestId('connection')).toContainText('Polling', { timeout: 60_000 });
    runContainer(name('polled'));
    await expect(row(page, name('polled'))).toContainText('running');
    await row(page, name('polled')).locator('[data-action=stop]').first().click();
    await page.getByTestId('grace').fill('0');
    await page.getByTestId('confirm').click();
    await expect(row(page, name('polled'))).toContainText('exited');
    blocked = false;
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 60_000 });
  });
});
