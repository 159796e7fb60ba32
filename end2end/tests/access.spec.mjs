// Sign-in, first setup, kiosk links, and what a page offers to whom.
import { createRequire } from 'node:module';
import { expect, expectToFit, open, row, test } from './deckwatch.mjs';
import { ADMIN, Guarded, PASSWORD, signIn } from './access.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
let deckwatch;
let running;

test.beforeAll(async () => {
  deckwatch = await Guarded.withAdmin();
  await expect.poll(async () => {
    running = (await deckwatch.demoContainers()).filter(({ state, health }) => state === 'running' && !health);
    return running.length;
  }).toBeGreaterThan(1);
  await deckwatch.addUser('mixed', 'viewer *', `operator name:${running[0].name}`);
  await deckwatch.addUser('viewer', 'viewer *');
  await deckwatch.addUser('leaving', 'operator *');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const live = (page) => expect(page.getByTestId('connection')).toContainText('Live');

test('a visitor is led to the sign-in page, and back to where the visit began', async ({ page }) => {
  await page.goto(deckwatch.at('/containers?q=a&sort=-name'));
  await expect(page).toHaveURL(/\/login\?next=/);
  await expect(page.getByTestId('told')).toContainText('/containers?q=a');
  await signIn(page, ADMIN);
  await expect(page).toHaveURL(deckwatch.at('/containers?q=a&sort=-name'));
  await live(page);
  await expect(page.getByTestId('account')).toHaveAccessibleName(/^ana/);
});

test('the sign-in page loads no code, opens no socket and asks for nothing', async ({ page }) => {
  const requested = [];
  const sockets = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  page.on('websocket', (socket) => sockets.push(socket.url()));
  for (const path of ['/login', '/setup']) {
    await page.goto(deckwatch.at(path), { waitUntil: 'networkidle' });
    await expect(page.locator('h1')).toHaveText('Deckwatch');
    await expect(page.locator('nav')).toHaveCount(0);
  }
  expect(requested.filter((path) => /\.wasm$|\/api\//.test(path))).toEqual([]);
  expect(sockets).toEqual([]);
});

test('a wrong password shows an error at the form and keeps the user name', async ({ page }) => {
  await page.goto(deckwatch.at('/login?next=%2Flogs'));
  await signIn(page, 'unknown-user', 'not the password');
  await expect(page.getByTestId('told')).toContainText('is wrong');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('User name')).toHaveValue('unknown-user');
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  await expect(page.locator('input[name=next]')).toHaveValue('/logs');
});

test('the password can be shown', async ({ page }) => {
  await page.goto(deckwatch.at('/login'));
  const password = page.getByLabel('Password', { exact: true });
  await expect(password).toHaveAttribute('type', 'password');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(password).toHaveAttribute('type', 'text');
  await expect(password).toBeFocused();
  await page.getByRole('button', { name: 'Hide' }).click();
  await expect(password).toHaveAttribute('type', 'password');
});

test('another server is never returned to', async ({ page }) => {
  await page.goto(deckwatch.at('/login?next=%2F%2Fevil.example%2F'));
  await expect(page.locator('input[name=next]')).toHaveValue('/');
  await expect(page.locator('body')).not.toContainText('evil.example');
});

test('without scripts one can sign in, read and sign out', async ({ newPage }) => {
  const page = await newPage({ javaScriptEnabled: false });
  await page.goto(deckwatch.at('/containers'));
  await signIn(page, ADMIN);
  await expect(page).toHaveURL(deckwatch.at('/containers'));
  await expect(row(page, running[0].name)).toBeVisible();
  await page.getByTestId('account').click();
  await expect(page.getByTestId('me')).toHaveText(ADMIN);
  await page.getByTestId('sign-out').click();
  await expect(page).toHaveURL(/\/login/);
  await page.goto(deckwatch.at('/containers'));
  await expect(page).toHaveURL(/\/login\?next=/);
});

test('below a base path every address is below it', async ({ page }) => {
  const own = await Guarded.withAdmin({ DECKWATCH_BASE_PATH: '/deck' });
  await page.goto(own.at('/logs'));
  await expect(page).toHaveURL(/\/deck\/login\?next=/);
  await signIn(page, ADMIN);
  await expect(page).toHaveURL(own.at('/logs'));
  await live(page);
  await page.getByTestId('account').click();
  await expect(page).toHaveURL(own.at('/settings/profile'));
  await page.getByTestId('sign-out').click();
  await expect(page).toHaveURL(/\/deck\/login/);
  await own.endAfter(page);
});

test.describe('the first setup', () => {
  test('the link creates the first user, once, and leaves no token in the address', async ({ page }) => {
    const own = await Guarded.fresh();
    const link = own.setupLink();
    await page.goto(link.replace(/^https?:\/\/[^/]+/, own.url));
    await expect(page).toHaveURL(own.at('/setup'));
    await expect(page.getByLabel('Setup token')).toBeHidden();
    await page.getByLabel('User name').fill(ADMIN);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create user' }).click();
    await expect(page).toHaveURL(own.at('/'));
    await live(page);
    await page.goto(own.at('/setup'));
    await expect(page.getByRole('button', { name: 'Create user' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
    await own.endAfter(page);
  });

  test('a wrong token shows an error and keeps the input', async ({ page }) => {
    const own = await Guarded.fresh();
    await page.goto(own.at('/setup#nonsense'));
    await page.getByLabel('User name').fill('first');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create user' }).click();
    await expect(page.getByTestId('told')).toContainText('not valid');
    await expect(page.getByLabel('User name')).toHaveValue('first');
    await own.endAfter(page);
  });

  test('without scripts the token is typed', async ({ newPage }) => {
    const own = await Guarded.fresh();
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(own.at('/setup'));
    await page.getByLabel('Setup token').fill(own.setupToken());
    await page.getByLabel('User name').fill(ADMIN);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Create user' }).click();
    await expect(page).toHaveURL(own.at('/'));
    await own.endAfter(page);
  });
});

test.describe('kiosk links', () => {
  const kiosk = async () => {
    const expiresAt = Date.now() + 3_600_000;
    const grants = [{ role: 'viewer', scope: '*' }];
    const answer = await deckwatch.post(ADMIN, '/api/tokens', { name: 'hall', kind: 'kiosk', grants, expiresAt });
    return answer.json();
  };

  test('a screen that opens the link can read, and only sign out', async ({ page }) => {
    const { token } = await kiosk();
    await page.goto(deckwatch.at(`/login#kiosk=${token}`));
    await expect(page).toHaveURL(deckwatch.at('/'));
    await live(page);
    await page.goto(deckwatch.at('/containers'));
    await live(page);
    await expect(row(page, running[0].name)).toBeVisible();
    await expect(page.locator('.actions :is(button, a):visible')).toHaveCount(0);
    await page.getByTestId('account').click();
    await expect(page.getByRole('navigation', { name: 'Settings' }).getByRole('link')).toHaveText(['Profile']);
    await expect(page.getByTestId('sign-out-everywhere')).toHaveCount(0);
    await page.getByTestId('sign-out').click();
    await expect(page).toHaveURL(/\/login/);
  });

  test.describe('that have ended', () => {
    // The browser logs the refusal.
    test.use({ mayComplain: true });

    test('say so, and leave no token in the address', async ({ page }) => {
      const { id, token } = await kiosk();
      expect((await deckwatch.ask(ADMIN, 'DELETE', `/api/tokens/${id}`)).status).toBe(204);
      await page.goto(deckwatch.at(`/login#kiosk=${token}`));
      await expect(page.locator('[data-said]')).toBeVisible();
      await expect(page.locator('[data-said]')).toHaveClass(/bad/);
      expect(page.url()).not.toContain(token);
    });
  });
});

test.describe('a session that ends while the page is open', () => {
  test.use({ mayComplain: true });

  test('the page says so and leads to the sign-in and back', async ({ page }) => {
    await deckwatch.letIn(page, 'leaving');
    await open(page, deckwatch.at('/containers?q=a'));
    const answer = await deckwatch.post('leaving', '/api/sign-out', { everywhere: true });
    expect(answer.status).toBe(204);
    await expect(page.getByTestId('connection')).toContainText('Signed out');
    await expect(page.getByTestId('signed-out-banner')).toContainText('You are signed out');
    await page.getByTestId('reload').click();
    await expect(page).toHaveURL(/\/login\?ended=1&next=%2Fcontainers%3Fq%3Da/);
    await expect(page.getByTestId('told')).toContainText('Your session has ended.');
    await signIn(page, 'leaving');
    await expect(page).toHaveURL(deckwatch.at('/containers?q=a'));
    await live(page);
  });
});

test.describe('what is offered', () => {
  test('actions only where the principal has the right, by pointer, keyboard and palette', async ({ page }) => {
    await deckwatch.letIn(page, 'mixed');
    await open(page, deckwatch.at('/containers?host=demo'));
    const [own, other] = running.map(({ name }) => row(page, name));
    await expect(own.locator('[data-action=stop]').first()).toBeVisible();
    await expect(own.locator('.menu > button')).toBeVisible();
    await expect(other.locator('[data-action]')).toHaveCount(0);
    await expect(other.locator('.menu > button')).toBeHidden();
    await other.focus();
    await page.keyboard.press('s');
    await expect(page.getByTestId('confirm')).toBeHidden();
    await page.keyboard.press('Control+k');
    await page.getByTestId('palette-input').fill(`stop ${running[1].name}`);
    await expect(page.locator('#choices')).not.toContainText(`Stop ${running[1].name}`);
    await page.getByTestId('palette-input').fill(`stop ${running[0].name}`);
    await expect(page.locator('#choices')).toContainText(`Stop ${running[0].name}`);
  });

  test('of a selection, actions only on what the principal may act on', async ({ page }) => {
    await deckwatch.letIn(page, 'mixed');
    await open(page, deckwatch.at('/containers?host=demo'));
    await row(page, running[1].name).getByRole('checkbox').check();
    await expect(page.getByTestId('bulk')).toHaveCount(0);
    await row(page, running[0].name).getByRole('checkbox').check();
    await page.getByTestId('bulk').locator('[data-action=stop]').click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText(running[0].name);
    await expect(dialog).not.toContainText(running[1].name);
    await page.keyboard.press('Escape');
  });

  test('a viewer has no checkboxes and no actions, and keys do nothing', async ({ page }) => {
    await deckwatch.letIn(page, 'viewer');
    await open(page, deckwatch.at('/containers?host=demo'));
    await expect(row(page, running[0].name)).toBeVisible();
    await expect(page.locator('tr[data-id] .actions button:visible')).toHaveCount(0);
    await expect(page.locator('tr[data-id] input[type=checkbox]:visible')).toHaveCount(0);
    await row(page, running[0].name).focus();
    for (const key of ['x', 's', 'r']) await page.keyboard.press(key);
    await expect(page.getByTestId('bulk')).toHaveCount(0);
    await expect(page.getByTestId('confirm')).toBeHidden();
    await open(page, deckwatch.at(`/containers/${running[0].id}?host=demo`));
    await expect(page.getByTestId('head').locator('.actions button:visible')).toHaveCount(0);
  });

  test('values are revealed after a confirmation, where the principal may, and this is recorded', async ({ page }) => {
    const inspect = deckwatch.at(`/containers/${running[0].id}?host=demo&tab=inspect`);
    await deckwatch.letIn(page, 'viewer');
    await open(page, inspect);
    const tree = page.getByTestId('json');
    await page.getByTestId('json-search').fill('app_secret');
    await expect(tree).toContainText('APP_SECRET=••••••');
    await expect(page.getByTestId('reveal')).toHaveCount(0);
    await deckwatch.letIn(page, ADMIN);
    await open(page, inspect);
    await page.getByTestId('json-search').fill('app_secret');
    await expect(tree).toContainText('APP_SECRET=••••••');
    await page.getByTestId('reveal').click();
    await expect(page.getByText('The audit log records')).toBeVisible();
    await expect(tree).toContainText('APP_SECRET=••••••');
    await page.getByTestId('reveal-confirm').click();
    await expect(tree).toContainText('APP_SECRET=demo-');
    await page.getByRole('button', { name: 'Hide values' }).click();
    await expect(tree).toContainText('APP_SECRET=••••••');
    const audit = await (await deckwatch.ask(ADMIN, 'GET', '/api/audit?did=reveal')).json();
    expect(audit.entries.map(({ who, outcome }) => [who, outcome])).toEqual([[ADMIN, 'done']]);
    expect(JSON.stringify(audit)).not.toContain('demo-');
  });

  test('rights that are withdrawn and given are seen on an open page', async ({ page }) => {
    await deckwatch.addUser('changing', 'operator *');
    await deckwatch.letIn(page, 'changing');
    await open(page, deckwatch.at('/containers?host=demo'));
    const stop = row(page, running[0].name).locator('[data-action=stop]').first();
    await expect(stop).toBeVisible();
    await deckwatch.setGrants('changing', 'viewer *');
    await expect(stop).toBeHidden();
    await deckwatch.setGrants('changing', 'operator *');
    await expect(stop).toBeVisible();
  });
});

for (const colorScheme of ['dark', 'light']) {
  test(`the pages in front are accessible (${colorScheme})`, async ({ newPage }) => {
    const own = await Guarded.fresh();
    const page = await newPage({ colorScheme, bypassCSP: true });
    for (const path of ['/login', '/login?error=wrong&next=%2Flogs', '/login?ended=1', '/setup', '/setup?error=password']) {
      await page.goto(own.at(path));
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      expect.soft(violations.map(({ id, nodes }) => [id, nodes[0].html]), path).toEqual([]);
    }
    await own.endAfter(page);
  });
}

test('the pages in front have both languages, and nothing is beyond the edge', async ({ newPage }) => {
  const own = await Guarded.fresh();
  for (const width of [1440, 768, 390, 320]) {
    const page = await newPage({ viewport: { width, height: 900 } });
    for (const path of ['/login?error=later&next=%2Fcontainers%3Fq%3Da%26sort%3D-name', '/setup']) {
      await page.goto(own.at(path));
      await expectToFit(page, `${path} at ${width}`);
    }
    await page.goto('about:blank');
  }
  await own.kill();
});

test('a server that is open to others without a sign-in warns on every page', async ({ page }) => {
  const own = await Guarded.fresh({ LEPTOS_SITE_ADDR: '0.0.0.0:0' }, '--auth-mode', 'none');
  for (const path of ['/', '/containers', '/settings']) {
    await open(page, own.at(path));
    await expect(page.getByTestId('open-banner')).toContainText('Everybody who reaches this address');
  }
  await own.endAfter(page);
});
