// A running Deckwatch, a real engine, and a page that must not complain.
import { test as base, expect } from '@playwright/test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const binary = process.env.DECKWATCH_BIN;
export const engine = process.env.DECKWATCH_TEST_DOCKER;
const image = 'deckwatch-test:latest';

/** Runs the Docker command line against the engine of the tests. */
export function docker(...args) {
  return execFileSync('docker', ['-H', engine, ...args], { encoding: 'utf8' }).trim();
}

/** Starts a container that sleeps. */
export function runContainer(name, ...options) {
  return docker('run', '-d', '--name', name, ...options, image, 'sleep', '100000');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A server that can be killed and started again at the same address. */
export class Deckwatch {
  constructor(port, args, env) {
    this.url = `http://127.0.0.1:${port}`;
    this.args = args;
    this.env = env;
  }

  static start(...args) {
    return Deckwatch.startWith(engine ? { DOCKER_HOST: engine } : {}, ...args);
  }

  static async startWith(env, ...args) {
    const server = new Deckwatch(await freePort(), args, env);
    await server.start();
    return server;
  }

  async start() {
    const env = { ...process.env, LEPTOS_SITE_ADDR: this.url.slice('http://'.length), ...this.env };
    this.process = spawn(binary, this.args, { env, stdio: 'ignore' });
    await expect.poll(async () => {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      return answer?.status;
    }, { timeout: 20_000 }).toBe(200);
  }

  async kill() {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }
}

/** A socket between Deckwatch and the engine, which can go away and come back as an engine does. */
export class EngineInBetween {
  static async start(target) {
    const between = new EngineInBetween();
    between.target = target.slice('unix://'.length);
    between.path = join(mkdtempSync(join(tmpdir(), 'deckwatch-')), 'docker.sock');
    between.url = `unix://${between.path}`;
    await between.listen();
    return between;
  }

  listen() {
    this.open = new Set();
    this.server = createServer((socket) => {
      const engine = connect(this.target);
      for (const [from, to] of [[socket, engine], [engine, socket]]) {
        this.open.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => { this.open.delete(from); to.destroy(); });
      }
    });
    return new Promise((resolve) => this.server.listen(this.path, resolve));
  }

  stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.open) socket.destroy();
    return closed;
  }
}

export const test = base.extend({
  // A page on which no console message of level warning or error is tolerated, unless the test
  // breaks the connection itself.
  mayComplain: [false, { option: true }],
  page: async ({ page, mayComplain }, use) => {
    const complaints = [];
    page.on('console', (message) => {
      if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await use(page);
    if (!mayComplain) expect(complaints).toEqual([]);
  },
});

/** Opens a page and waits until it is interactive and live. */
export async function open(page, url) {
  await page.goto(url);
  await page.waitForSelector('html[data-hydrated]');
  await expect(page.getByTestId('connection')).toContainText('Live');
}

/** The row of a container. */
export function row(page, name) {
  return page.locator('tr[data-id]').filter({ has: page.getByRole('link', { name, exact: true }) });
}

export { expect };
