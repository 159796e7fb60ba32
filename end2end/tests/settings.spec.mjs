// The settings: who one is, users, tokens, the audit and the state of the server.
import { createRequire } from 'node:module';
import { expect, expectToFit, open, test } from './deckwatch.mjs';
import { ADMIN, Guarded, PASSWORD } from './access.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SECTIONS = ['', '/users', '/tokens', '/audit', '/system'];
let deckwatch;

test.beforeAll(async () => {
  deckwatch = await Guarded.withAdmin();
  await deckwatch.addUser('ben', 'operator project:shop', 'viewer host:demo');
  await deckwatch.addUser('viewer', 'viewer *');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const userRow = (page, name) => page.locator(`tr[data-user="${name}"]`);

/** Opens a section as a user. */
async function section(page, path, user = ADMIN) {
  await deckwatch.letIn(page, user);
  await open(page, deckwatch.at(`/settings${path}`));
}

/** Chooses an entry of a user's menu. */
async function choose(page, name, action) {
  await userRow(page, name).getByRole('button', { name: `More for ${name}` }).click();
  await page.locator(`[data-action=${action}]:visible`).click();
}

/** Fills in the grants of the open form. */
async function grant(page, ...grants) {
  const dialog = page.getByRole('dialog');
  const remove = dialog.getByRole('button', { name: 'Remove grant' });
  while (await remove.count()) await remove.first().click();
  for (const [role, scope] of grants) {
    await dialog.getByTestId('add-grant').click();
    await dialog.getByLabel('Role').last().selectOption(role);
    await dialog.getByTestId('scope').last().fill(scope);
  }
}

test.describe('without scripts', () => {
  test('every section is in the first HTML', async ({ newPage }) => {
    const page = await newPage({ javaScriptEnabled: false });
    await deckwatch.letIn(page, ADMIN);
    const expected = {
      '': () => expect(page.getByTestId('me')).toHaveText(ADMIN),
      '/users': () => expect(userRow(page, 'ben')).toContainText('operatorproject:shop'),
      '/tokens': () => expect(page.getByTestId('tokens')).toContainText('No tokens yet.'),
      '/audit': () => expect(page.locator('tr[data-entry]')).not.toHaveCount(0),
      '/system': () => expect(page.getByTestId('version')).toHaveText(/\d+\.\d+\.\d+/),
    };
    for (const path of SECTIONS) {
      await page.goto(deckwatch.at(`/settings${path}`));
      await expected[path]();
      const dead = await page.locator('button:visible, select:visible, input:visible').evaluateAll((all) => all
        .filter((one) => !one.closest('form[method=get], form[method=post]')).map((one) => one.outerHTML));
      expect(dead, path).toEqual([]);
      await expect(page.locator('main'), path).not.toContainText('Loading');
    }
  });

  test('the audit is filtered by a form', async ({ newPage }) => {
    const page = await newPage({ javaScriptEnabled: false });
    await deckwatch.letIn(page, ADMIN);
    await page.goto(deckwatch.at('/settings/audit'));
    await page.getByTestId('who').fill('no-such-user');
    await page.getByTestId('apply').click();
    await expect(page).toHaveURL(/who=no-such-user/);
    await expect(page.locator('tr[data-entry]')).toHaveCount(0);
    await expect(page.getByTestId('audit')).toContainText('No entry matches.');
  });
});

test.describe('profile', () => {
  test('names the principal and its grants in words', async ({ page }) => {
    await section(page, '', 'ben');
    await expect(page.getByTestId('me')).toHaveText('ben');
    await expect(page.getByTestId('identity')).toContainText('sees, reads logs, acts and deploys in the project shop');
    await expect(page.getByTestId('identity')).toContainText('sees and reads logs on the host demo');
    await expect(page.getByRole('navigation', { name: 'Settings' }).getByRole('link')).toHaveText(['Profile', 'Tokens']);
  });

  test('another language and theme are stored', async ({ page }) => {
    await section(page, '');
    await page.getByRole('button', { name: '한국어' }).last().click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
    await page.getByRole('button', { name: '밝게', exact: true }).click();
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
    await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  });

  test.describe('password', () => {
    // The browser logs the refusal.
    test.use({ mayComplain: true });

    test('a wrong current password shows an error and keeps the input; the right one changes the password', async ({ page }) => {
      await deckwatch.addUser('careful', 'viewer *');
      await section(page, '', 'careful');
      const fresh = 'another long password';
      await page.getByTestId('current-password').fill('not the password');
      await page.getByTestId('new-password').fill(fresh);
      await page.getByTestId('change-password').click();
      await expect(page.getByTestId('password').getByTestId('form-error')).not.toBeEmpty();
      await expect(page.getByTestId('new-password')).toHaveValue(fresh);
      await page.getByTestId('current-password').fill(PASSWORD);
      await page.getByTestId('change-password').click();
      await expect(page.getByTestId('password')).toContainText('The password is changed.');
      await expect(page.getByTestId('form-error').first()).toBeEmpty();
      const answer = await deckwatch.post(undefined, '/api/sign-in', { username: 'careful', password: fresh });
      expect(answer.status).toBe(200);
    });
  });

  test('signing out everywhere ends the session of every window', async ({ page, newPage }) => {
    await deckwatch.addUser('everywhere', 'viewer *');
    await section(page, '', 'everywhere');
    const other = await newPage();
    await deckwatch.letIn(other, 'everywhere');
    await page.getByTestId('sign-out-everywhere').click();
    await expect(page).toHaveURL(/\/login/);
    await other.goto(deckwatch.at('/containers'));
    await expect(other).toHaveURL(/\/login\?ended=1&next=/);
  });
});

test.describe('users', () => {
  test('are listed with source, grants and sessions, and oneself is marked', async ({ page }) => {
    await section(page, '/users');
    await expect(userRow(page, ADMIN)).toContainText('you');
    await expect(userRow(page, ADMIN)).toContainText('admin*');
    await expect(userRow(page, 'ben')).toContainText('password');
    await expect(userRow(page, 'ben')).toContainText('1 session');
  });

  test('are added, changed, disabled and deleted', async ({ page }) => {
    await section(page, '/users');
    await page.getByTestId('add-user').click();
    await page.getByTestId('user-name').fill('chloe');
    await page.getByTestId('new-password').fill(PASSWORD);
    await grant(page, ['operator', 'name:web-*'], ['viewer', 'project:shop']);
    await page.getByTestId('submit').click();
    await expect(userRow(page, 'chloe')).toContainText('operatorname:web-*');
    await expect(userRow(page, 'chloe')).toContainText('viewerproject:shop');
    await expect(page.getByRole('dialog')).toBeHidden();

    await choose(page, 'chloe', 'grants');
    await grant(page, ['viewer', '*']);
    await page.getByTestId('submit').click();
    await expect(userRow(page, 'chloe')).toContainText('viewer*');
    await expect(userRow(page, 'chloe')).not.toContainText('name:web-*');

    await choose(page, 'chloe', 'password');
    await page.getByTestId('new-password').fill('a second long password');
    await page.getByTestId('submit').click();
    await expect(page.getByRole('dialog')).toBeHidden();
    const answer = await deckwatch.post(undefined, '/api/sign-in', { username: 'chloe', password: 'a second long password' });
    expect(answer.status).toBe(200);

    await choose(page, 'chloe', 'switch');
    await expect(userRow(page, 'chloe')).toContainText('disabled');
    await choose(page, 'chloe', 'switch');
    await expect(userRow(page, 'chloe')).not.toContainText('disabled');

    await choose(page, 'chloe', 'delete');
    await page.getByTestId('submit').click();
    await expect(userRow(page, 'chloe')).toHaveCount(0);
  });

  test('an invalid scope shows an error before anything is sent, and keeps the input', async ({ page }) => {
    await section(page, '/users');
    await page.getByTestId('add-user').click();
    await page.getByTestId('user-name').fill('dan');
    await page.getByTestId('new-password').fill(PASSWORD);
    await grant(page, ['viewer', 'nonsense']);
    await page.getByTestId('submit').click();
    await expect(page.getByRole('dialog').getByTestId('form-error')).toContainText('“nonsense” is not a scope.');
    await expect(page.getByTestId('user-name')).toHaveValue('dan');
    await expect(page.getByTestId('new-password')).toHaveValue(PASSWORD);
  });

  test('the dialog keeps the focus, and gives it back', async ({ page }) => {
    await section(page, '/users');
    await page.getByTestId('add-user').focus();
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('user-name')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(page.getByTestId('add-user')).toBeFocused();
  });

  test.describe('that the server protects', () => {
    test.use({ mayComplain: true });

    test('the last admin stays, with the server’s words beside the form', async ({ page }) => {
      await section(page, '/users');
      await choose(page, ADMIN, 'grants');
      await grant(page, ['viewer', '*']);
      await page.getByTestId('submit').click();
      await expect(page.getByRole('dialog').getByTestId('form-error')).toContainText(/admin/i);
      await expect(page.getByRole('dialog').getByTestId('scope')).toHaveValue('*');
      await page.keyboard.press('Escape');
      await choose(page, ADMIN, 'delete');
      await page.getByTestId('submit').click();
      await expect(page.getByRole('dialog').getByTestId('form-error')).toContainText(/admin/i);
      await page.keyboard.press('Escape');
      await choose(page, ADMIN, 'switch');
      await expect(page.getByTestId('users').getByTestId('form-error')).toContainText(/admin/i);
      await expect(userRow(page, ADMIN)).toContainText('admin*');
    });

    test('a taken name shows an error and keeps the input', async ({ page }) => {
      await section(page, '/users');
      await page.getByTestId('add-user').click();
      await page.getByTestId('user-name').fill('BEN');
      await page.getByTestId('new-password').fill(PASSWORD);
      await page.getByTestId('submit').click();
      await expect(page.getByRole('dialog').getByTestId('form-error')).not.toBeEmpty();
      await expect(page.getByTestId('user-name')).toHaveValue('BEN');
    });

    test('a user without the right sees the reason', async ({ page }) => {
      await section(page, '/users', 'viewer');
      await expect(page.getByTestId('settings-error')).not.toBeEmpty();
      await expect(page.locator('tr[data-user]')).toHaveCount(0);
    });
  });
});

test.describe('tokens', () => {
  test('are shown once, work until they are revoked', async ({ page }) => {
    await section(page, '/tokens');
    await page.getByTestId('new-token').click();
    await page.getByTestId('token-name').fill('ci');
    await page.getByTestId('expiry').selectOption('7');
    await grant(page, ['viewer', 'host:demo']);
    await page.getByTestId('submit').click();
    await expect(page.getByTestId('once')).toContainText('ci is created.');
    const token = await page.getByTestId('secret').textContent();
    expect(token).toMatch(/^dwt_/);
    const row = page.locator('tr[data-token]').filter({ hasText: 'ci' });
    await expect(row).toContainText('viewerhost:demo');
    await expect(row).toContainText('in 6 d');
    const asked = () => fetch(deckwatch.at('/api/me'), { headers: { authorization: `Bearer ${token}` } });
    expect((await asked()).status).toBe(200);

    await page.reload();
    await expect(row).toBeVisible();
    await expect(page.locator('body')).not.toContainText(token);
    await row.locator('[data-action=revoke]').click();
    await page.getByTestId('submit').click();
    await expect(row).toHaveCount(0);
    expect((await asked()).status).toBe(401);
  });

  test('a kiosk link opens a read-only session', async ({ page, newPage }) => {
    await section(page, '/tokens');
    await page.getByTestId('new-kiosk').click();
    await page.getByTestId('token-name').fill('hall screen');
    await page.getByTestId('submit').click();
    const link = await page.getByTestId('secret').textContent();
    expect(link).toContain('/login#kiosk=dwt_');
    const screen = await newPage();
    await screen.goto(link);
    await expect(screen).toHaveURL(deckwatch.at('/'));
    await expect(screen.getByTestId('account')).toHaveAccessibleName(/^hall screen/);
  });

  test.describe('beyond one’s own grants', () => {
    test.use({ mayComplain: true });

    test('are refused in the server’s words', async ({ page }) => {
      await section(page, '/tokens', 'viewer');
      await page.getByTestId('new-token').click();
      await page.getByTestId('token-name').fill('too much');
      await grant(page, ['admin', '*']);
      await page.getByTestId('submit').click();
      await expect(page.getByRole('dialog').getByTestId('form-error')).not.toBeEmpty();
      await expect(page.getByTestId('token-name')).toHaveValue('too much');
    });
  });
});

test.describe('audit', () => {
  test('is filtered by the URL, newest first', async ({ page }) => {
    await section(page, '/audit');
    const ids = await page.locator('tr[data-entry]').evaluateAll((rows) => rows.map((one) => Number(one.dataset.entry)));
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    await page.getByTestId('who').fill('no-such-user');
    await page.getByTestId('who').press('Enter');
    await expect(page).toHaveURL(/who=no-such-user/);
    await expect(page.getByTestId('audit')).toContainText('No entry matches.');
    await page.getByTestId('who').fill('');
    await page.getByTestId('since').selectOption('1h');
    await page.getByTestId('apply').click();
    await expect(page).toHaveURL(/\?since=1h$/);
    await expect(page.locator('tr[data-entry]')).not.toHaveCount(0);
    await page.getByRole('link', { name: 'done' }).click();
    await expect(page).toHaveURL(/outcome=done/);
    await expect(page.locator('tr[data-entry] .pill:not(.ok)')).toHaveCount(0);
    await page.reload();
    await expect(page.getByTestId('since')).toHaveValue('1h');
    await expect(page.locator('tr[data-entry]')).not.toHaveCount(0);
  });

  test('continues with older entries, and can be downloaded', async ({ page }) => {
    await section(page, '/audit');
    const newest = await page.locator('tr[data-entry]').first().getAttribute('data-entry');
    const href = await page.getByTestId('csv').getAttribute('href');
    const csv = await deckwatch.ask(ADMIN, 'GET', href.slice(deckwatch.base.length));
    expect(csv.headers.get('content-type')).toContain('text/csv');
    await page.goto(deckwatch.at(`/settings/audit?before=${newest}`));
    await expect(page.getByTestId('newest')).toBeVisible();
    await expect(page.locator(`tr[data-entry="${newest}"]`)).toHaveCount(0);
    await page.getByTestId('newest').click();
    await expect(page.locator(`tr[data-entry="${newest}"]`)).toHaveCount(1);
  });
});

test('the state of the server is live', async ({ page, newPage }) => {
  await section(page, '/system');
  await expect(page.getByTestId('version')).toHaveText(/\d+\.\d+\.\d+/);
  const clients = async () => Number((await page.getByTestId('clients').textContent()).match(/^\d+/)?.[0]);
  const before = await clients();
  const other = await newPage();
  await deckwatch.letIn(other, ADMIN);
  await open(other, deckwatch.at('/'));
  await expect.poll(clients).toBeGreaterThan(before);
});

test('sections are reached by links, and an unknown one is no page', async ({ page }) => {
  await section(page, '');
  for (const [name, path] of [['Users', '/users'], ['Tokens', '/tokens'], ['Audit log', '/audit'], ['System', '/system'], ['Profile', '/profile']]) {
    const link = page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name });
    await link.click();
    await expect(page).toHaveURL(deckwatch.at(`/settings${path}`));
    await expect(link).toHaveAttribute('aria-current', 'page');
    await expect(page).toHaveTitle(new RegExp(`${name} · Settings`));
    await expect(page.locator('main')).not.toContainText('Loading');
  }
});

for (const colorScheme of ['dark', 'light']) {
  test(`every section is accessible (${colorScheme})`, async ({ newPage }) => {
    test.slow();
    const page = await newPage({ colorScheme, bypassCSP: true });
    const violations = async () => {
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      return violations.map(({ id, nodes }) => [id, nodes.length, nodes[0].html]);
    };
    for (const path of SECTIONS) {
      await section(page, path);
      expect.soft(await violations(), path).toEqual([]);
    }
    await section(page, '/users');
    await page.getByTestId('add-user').click();
    expect.soft(await violations(), 'form').toEqual([]);
    await section(page, '/tokens');
    await page.getByTestId('new-token').click();
    expect.soft(await violations(), 'token form').toEqual([]);
  });
}

test('nothing is beyond the edge, in either language', async ({ newPage }) => {
  test.slow();
  for (const width of [1440, 768, 390]) {
    const page = await newPage({ viewport: { width, height: 900 } });
    for (const path of SECTIONS) {
      await section(page, path);
      await expectToFit(page, `${path} at ${width}`);
    }
  }
});
