// Several engines on one page: each host has its own state and its own failures.
import { Deckwatch, expect, open, row, test } from './deckwatch.mjs';
import { FakeEngine, container } from './fake_engine.mjs';

const web = container('web');
// A different container with the same name.
const other = { ...container('web'), id: container('nas-web').id };

let local;
let nas;
let deckwatch;

test.beforeEach(async () => {
  local = await FakeEngine.start({ ...web }, container('db'));
  nas = await FakeEngine.start({ ...other }, container('backup'), container('old', { state: 'exited', exitCode: 1 }));
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: local.url, DECKWATCH_HOSTS: `nas=${nas.url}` });
});
test.afterEach(async () => {
  await deckwatch?.kill();
  await local?.stop();
  await nas?.stop();
});

const rows = (page) => page.locator('tr[data-id]');
const byId = (page, { id }) => page.locator(`tr[data-id="${id}"]`);

test('the overview has a card for each host, without invented figures', async ({ page, newPage }) => {
  for (const shown of [page, await newPage({ javaScriptEnabled: false })]) {
    await expect.poll(async () => {
      await shown.goto(deckwatch.url);
      return shown.getByTestId('engine').textContent();
    }).toContain('Debian GNU/Linux 13');
    await expect(shown.getByTestId('host')).toHaveCount(1);
    const card = shown.getByTestId('engine');
    await expect(card).toHaveCount(1);
    await expect(card).toContainText('nas');
    await expect(card).toContainText('4 cores');
    await expect(card).toContainText('of 3');
    await expect(card).not.toContainText('0 B');
  }
  await open(page, deckwatch.url);
  const card = page.getByTestId('engine');
  await expect(card.locator('.tile').nth(1)).toContainText('256 MiB');
  await expect(card).not.toHaveAttribute('data-freshness');
});

test('a host can be chosen from a menu, is named in the filter, and groups the list', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  await expect(rows(page)).toHaveCount(5);
  await expect(byId(page, other).locator('td.host')).toHaveText('nas');
  const menu = page.getByTestId('hosts');
  await page.locator('[popovertarget=hosts]').click();
  await expect(menu.getByRole('link', { name: /nas/ })).toContainText('3');
  await menu.getByRole('link', { name: /nas/ }).click();
  await expect(menu).toBeHidden();
  await expect(page).toHaveURL(/host=nas/);
  await expect(rows(page)).toHaveCount(3);
  await page.locator('[popovertarget=hosts]').click();
  await menu.getByRole('link', { name: 'All hosts' }).click();
  await expect(rows(page)).toHaveCount(5);

  await page.getByRole('searchbox').fill('host:nas web');
  await expect(rows(page)).toHaveCount(1);
  await expect(byId(page, other)).toBeVisible();

  await open(page, `${deckwatch.url}/containers?group=host`);
  await expect(page.locator('tr.group')).toHaveCount(2);
  await expect(page.locator('tr.group').last()).toContainText('nas');
  await expect(page.locator('tr.group').last()).toContainText('2 of 3');
});

test('a lost host is reported, and nothing else is blocked or dimmed', async ({ page }) => {
  await open(page, `${deckwatch.url}/containers`);
  await expect(rows(page)).toHaveCount(5);
  await nas.stop();
  await expect(page.getByTestId('connection')).toContainText('Live · nas down');
  await expect(page).toHaveTitle(/^⚠ nas down · /);
  await expect(byId(page, other)).toHaveAttribute('data-freshness', 'stale');
  await expect(byId(page, web)).not.toHaveAttribute('data-freshness');
  await expect(byId(page, other).locator('[data-action=restart]').first()).toBeDisabled();
  await expect(byId(page, web).locator('[data-action=restart]').first()).toBeEnabled();
  await expect(page.getByTestId('engine-banner')).toHaveCount(1);
  await expect(page.getByTestId('last-seen').filter({ hasText: 'nas last seen' })).toBeVisible();
  local.containers[0].state = 'exited';
  await expect(byId(page, web)).toContainText(/exited|stopped/i, { timeout: 30_000 });

  await nas.listen();
  await expect(page.getByTestId('connection')).toHaveText(/^Live\D*[\d.]+ s$/);
  await expect(byId(page, other)).not.toHaveAttribute('data-freshness');
  await expect(page.getByTestId('engine-banner')).toHaveCount(0);
});

test('two containers with the same name on different hosts have a page each', async ({ page }) => {
  for (const [{ id }, host] of [[web, 'local'], [other, 'nas']]) {
    await open(page, `${deckwatch.url}/containers/${id}`);
    await expect(page.getByTestId('head')).toContainText('web');
    await expect(page.getByTestId('head')).toContainText(host === 'nas' ? 'nas' : '');
  }
  await open(page, `${deckwatch.url}/containers?q=web`);
  await expect(row(page, 'web')).toHaveCount(2);
});
