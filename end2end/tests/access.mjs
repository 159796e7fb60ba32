// A Deckwatch that asks for a sign-in, its users, and browsers that are signed in.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deckwatch, expect } from './deckwatch.mjs';

/** The password of every user. */
export const PASSWORD = 'correct horse battery';
/** The first user, who has every right. */
export const ADMIN = 'ana';

/** A server with the sign-in mode `password` and its own storage. */
export class Guarded extends Deckwatch {
  /** Starts a server without any user. */
  static async fresh(env = {}, ...args) {
    const folder = mkdtempSync(join(tmpdir(), 'deckwatch-data-'));
    const server = new Guarded(
      ['--data-dir', folder, ...args],
      { DOCKER_HOST: 'unix:///nowhere/docker.sock', DECKWATCH_AUTH_MODE: 'password', ...env },
    );
    server.folder = folder;
    server.base = env.DECKWATCH_BASE_PATH ?? '';
    server.cookies = new Map();
    await server.start();
    return server;
  }

  /** Starts a server with the first user. */
  static async withAdmin(env = {}, ...args) {
    const server = await Guarded.fresh(env, '--demo', '12', ...args);
    const answer = await server.post(undefined, '/api/setup', { token: server.setupToken(), username: ADMIN, password: PASSWORD });
    expect(answer.status, await answer.clone().text()).toBe(201);
    server.cookies.set(ADMIN, cookieOf(answer));
    return server;
  }

  /** Ends the server after `page` has left it: a page that is still loading would complain. */
  async endAfter(page) {
    await page.goto('about:blank');
    await this.kill();
  }

  /** The address of a page. */
  at(path) {
    return this.url + this.base + path;
  }

  /** The link that the server has written for the first user. */
  setupLink() {
    return readFileSync(join(this.folder, 'setup-link'), 'utf8').trim();
  }

  setupToken() {
    return new URL(this.setupLink()).hash.slice(1);
  }

  /** A request as a user; without a user, as a stranger. */
  ask(user, method, path, body) {
    // Browsers send it with everything that changes something; a session is not accepted without it.
    const headers = { accept: 'application/json', origin: this.url };
    if (body) headers['content-type'] = 'application/json';
    if (user) headers.cookie = this.cookies.get(user);
    return fetch(this.at(path), { method, headers, redirect: 'manual', body: body && JSON.stringify(body) });
  }

  post(user, path, body) {
    return this.ask(user, 'POST', path, body);
  }

  /** Creates a user with grants like `operator project:shop`, and signs in once. */
  async addUser(username, ...grants) {
    const answer = await this.post(ADMIN, '/api/users', { username, password: PASSWORD, grants: parsed(grants) });
    expect(answer.status, await answer.clone().text()).toBe(201);
    await this.signIn(username);
  }

  /** Begins another session of a user. Few of them: the server limits sign-ins. */
  async signIn(username) {
    const answer = await this.post(undefined, '/api/sign-in', { username, password: PASSWORD });
    expect(answer.status, await answer.clone().text()).toBe(200);
    this.cookies.set(username, cookieOf(answer));
  }

  async setGrants(username, ...grants) {
    const answer = await this.ask(ADMIN, 'PATCH', `/api/users/${username}`, { grants: parsed(grants) });
    expect(answer.status, await answer.clone().text()).toBe(200);
  }

  /** Makes a browser window use the session of a user. */
  async letIn(page, username) {
    const [name, value] = this.cookies.get(username).split(/=(.*)/s);
    await page.context().addCookies([{ name, value, url: this.url, httpOnly: true, sameSite: 'Lax' }]);
  }

  /** The containers of the demo host. */
  async demoContainers() {
    const answer = await (await this.ask(ADMIN, 'GET', '/api/containers?host=demo')).json();
    return answer.messages?.[0]?.data ?? [];
  }
}

const parsed = (grants) => grants.map((grant) => {
  const [role, scope] = grant.split(' ');
  return { role, scope };
});

/** The session cookie in a response, as a request sends it. */
function cookieOf(answer) {
  const [cookie] = answer.headers.getSetCookie();
  return cookie.split(';')[0];
}

/** Fills in the sign-in form and sends it. */
export async function signIn(page, username, password = PASSWORD) {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
