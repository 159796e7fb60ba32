// Behind an authenticating proxy, after the session has ended: each kind of proxy reports this differently,
// and the page must not mistake any of them for a lost server.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { Deckwatch, expect, open, test } from './deckwatch.mjs';

test.describe.configure({ timeout: 180_000 });
test.use({ mayComplain: true });
let deckwatch;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, '--demo', '3');
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

const html = { 'content-type': 'text/html; charset=utf-8' };
const form = '<!DOCTYPE html><title>Sign in</title><h1>Sign in</h1>';
/** Responses of proxies to requests without a session. */
const MANNERS = {
  'a redirect to a page of its own': () => [302, { location: '/login' }, ''],
  // The page cannot read responses of another origin.
  'a redirect to another origin': () => [302, { location: 'http://localhost:9/login' }, ''],
  401: () => [401, { 'www-authenticate': 'Bearer' }, ''],
  'a page with 200': () => [200, html, form],
  'a page with 403': () => [403, html, form],
};

/** A proxy that forwards to `target` while there is a session. */
class AuthenticatingProxy {
  static async start(target, manner) {
    const proxy = new AuthenticatingProxy();
    proxy.target = new URL(target);
    proxy.manner = manner;
    proxy.session = true;
    proxy.polls = [];
    proxy.sockets = new Set();
    proxy.server = createServer((asked, answer) => proxy.onRequest(asked, answer));
    proxy.server.on('upgrade', (asked, socket, head) => proxy.onUpgrade(asked, socket, head));
    await new Promise((resolve) => { proxy.server.listen(0, '127.0.0.1', resolve); });
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  onRequest(asked, answer) {
    if (asked.url.startsWith('/api/snapshot')) this.polls.push(Date.now());
    if (asked.url === '/login') {
      answer.writeHead(200, html).end(form);
      return;
    }
    if (!this.session) {
      const [status, headers, body] = this.manner();
      answer.writeHead(status, headers).end(body);
      return;
    }
    const { hostname, port } = this.target;
    const { url: path, method, headers } = asked;
    const forwarded = request({ hostname, port, path, method, headers }, (theirs) => {
      answer.writeHead(theirs.statusCode, theirs.headers);
      theirs.pipe(answer);
    });
    forwarded.on('error', () => answer.destroy());
    asked.pipe(forwarded);
  }

  onUpgrade(asked, socket, head) {
    socket.on('error', () => {});
    if (!this.session) {
      const [status, headers] = this.manner();
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.end(`HTTP/1.1 ${status} No\r\n${lines}content-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const theirs = connect(this.target.port, this.target.hostname, () => {
      const headers = Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      theirs.write(`GET ${asked.url} HTTP/1.1\r\n${headers}\r\n`);
      theirs.write(head);
      socket.pipe(theirs).pipe(socket);
    });
    this.sockets.add(socket);
    theirs.on('error', () => socket.destroy());
    socket.on('close', () => { this.sockets.delete(socket); theirs.destroy(); });
  }

  signOut() {
    this.session = false;
    for (const socket of this.sockets) socket.destroy();
  }

  stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }
}

const badge = (page) => page.getByTestId('connection');
const soon = { timeout: 60_000 };

test('an ended session is shown as signed out with every kind of proxy, until there is a new one', async ({ newPage }) => {
  const tabs = await Promise.all(Object.entries(MANNERS).map(async ([name, manner]) => {
    const proxy = await AuthenticatingProxy.start(deckwatch.url, manner);
    return { name, proxy, page: await newPage() };
  }));
  try {
    await Promise.all(tabs.map(async ({ name, proxy, page }) => {
      await open(page, `${proxy.url}/containers`);
      await page.evaluate(() => {
        window.wasNotReloaded = true;
        const seen = new Set();
        window.seen = seen;
        new MutationObserver(() => seen.add(document.querySelector('[data-testid=connection]').textContent))
          .observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      proxy.signOut();
      await expect(badge(page), name).toContainText('Signed out', soon);
      await expect(page.getByTestId('signed-out-banner'), name).toContainText('You are signed out');
      await expect(page.getByTestId('reload'), name).toBeVisible();
      const seen = await page.evaluate(() => [...window.seen].join(', '));
      expect(seen, name).not.toContain('Offline');
      // Polled less often, because every request goes to the sign-in service.
      const before = proxy.polls.length;
      await expect.poll(() => proxy.polls.length, soon).toBeGreaterThanOrEqual(before + 2);
      const [first, second] = proxy.polls.slice(-2);
      expect(second - first, name).toBeGreaterThan(8_000);
      // A sign-in in another tab.
      proxy.session = true;
      await expect(badge(page), name).toContainText('Live', soon);
      await expect(page.getByTestId('signed-out-banner')).toHaveCount(0);
      expect(await page.evaluate(() => window.wasNotReloaded), name).toBe(true);
    }));
  } finally {
    for (const { proxy } of tabs) proxy.stop();
  }
});

test('reloading a signed-out page leads to the sign-in', async ({ page }) => {
  const proxy = await AuthenticatingProxy.start(deckwatch.url, MANNERS['a redirect to a page of its own']);
  try {
    await open(page, `${proxy.url}/containers`);
    proxy.signOut();
    await page.getByTestId('reload').click(soon);
    await expect(page).toHaveURL(`${proxy.url}/login`);
    await expect(page.locator('h1')).toHaveText('Sign in');
  } finally {
    proxy.stop();
  }
});

test('the realtime test reports that a sign-in is required', async ({ page }) => {
  const proxy = await AuthenticatingProxy.start(deckwatch.url, MANNERS['a page with 200']);
  try {
    // Every page loads the code of the test ahead, because it cannot be loaded without a session.
    await open(page, proxy.url);
    await page.waitForLoadState('networkidle');
    proxy.signOut();
    await expect(badge(page)).toContainText('Signed out', soon);
    await badge(page).click();
    await expect(page.getByTestId('verdict')).toHaveAttribute('data-finished', '', { timeout: 90_000 });
    await expect(page.getByTestId('verdict')).toContainText('wants somebody to sign in');
  } finally {
    proxy.stop();
  }
});
