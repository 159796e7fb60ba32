// A running Deckwatch, a real engine, and a page without console errors.
import { test as base, expect } from '@playwright/test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync } from 'node:fs';
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

/** Removes every container whose name begins with `prefix`. */
export function removeContainers(prefix) {
  const left = docker('ps', '-aq', '--filter', `name=${prefix}`).split('\n').filter(Boolean);
  if (left.length > 0) docker('rm', '-f', ...left);
}

/** The servers of this worker, whose logs are attached to a failed test. */
const servers = [];

/** A server that can be killed and restarted at the same address. */
export class Deckwatch {
  constructor(args, env) {
    this.args = args;
    this.env = env;
    const folder = mkdtempSync(join(tmpdir(), 'deckwatch-'));
    this.logFile = join(folder, 'log');
    this.dataDir = join(folder, 'data');
    servers.push(this);
  }

  static start(...args) {
    return Deckwatch.startWith(engine ? { DOCKER_HOST: engine } : {}, ...args);
  }

  static async startWith(env, ...args) {
    const server = new Deckwatch(args, env);
    await server.start();
    return server;
  }

  /** The containers of the demo host. */
  async demoContainers() {
    const answer = await (await fetch(`${this.url}/api/containers?host=demo`)).json();
    return answer.messages[0]?.data ?? [];
  }

  /** A running container of the demo host, once there is one. */
  async demoContainer() {
    let running;
    await expect.poll(async () => {
      running = (await this.demoContainers()).find(({ state, health }) => state === 'running' && !health);
      return running?.id;
    }).toBeTruthy();
    return running;
  }

  /** Starts a container that runs a shell script; returns its id once this server knows it. */
  async runScript(name, script, ...options) {
    const id = docker('run', '-d', '--name', name, '--stop-signal', 'KILL', ...options, image, 'sh', '-c', script);
    await expect.poll(async () => (await fetch(`${this.url}/api/containers/${id}`)).status).toBe(200);
    return id;
  }

  /** Its log so far. */
  log() {
    return readFileSync(this.logFile, 'utf8');
  }

  async start() {
    // It chooses a port itself, once, because a port that was free a moment ago may be in use now.
    const address = this.url?.slice('http://'.length) ?? '127.0.0.1:0';
    const env = { ...process.env, RUST_LOG: 'info', LEPTOS_SITE_ADDR: address, DECKWATCH_DATA_DIR: this.dataDir, ...this.env };
    const log = openSync(this.logFile, 'a');
    this.process = spawn(binary, this.args, { env, stdio: ['ignore', 'ignore', log] });
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    closeSync(log);
    await expect.poll(async () => {
      this.url ??= this.log().match(/Deckwatch is at (http:\/\/[\d.:]+)/)?.[1];
      if (this.process.exitCode !== null) return this.log();
      const ready = `${this.url}${this.env.DECKWATCH_BASE_PATH ?? ''}/readyz`;
      const answer = this.url && await fetch(ready).catch(() => undefined);
      return answer?.status;
    }, { timeout: 60_000 }).toBe(200);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

/** A relay between Deckwatch and the engine, which can disconnect and return as an engine does. */
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

/** Console messages of the pages. */
class Heard {
  constructor() {
    this.all = [];
    this.complaints = [];
  }

  listen(page) {
    page.on('console', (message) => {
      const line = `${message.type()}: ${message.text()} (${message.location().url})`;
      this.all.push(line);
      if (['warning', 'error'].includes(message.type())) this.complaints.push(line);
    });
    page.on('pageerror', (error) => {
      this.all.push(`uncaught: ${error.message}`);
      this.complaints.push(error.message);
    });
  }
}

/** The end of a text, long enough to show the context. */
const end = (text) => text.split('\n').slice(-60).join('\n');

export const test = base.extend({
  // No console message of level warning or error is tolerated on any page, unless the test breaks the
  // connection itself.
  mayComplain: [false, { option: true }],
  heard: async ({ mayComplain }, use, testInfo) => {
    const heard = new Heard();
    await use(heard);
    if (testInfo.status !== testInfo.expectedStatus) {
      const said = [['console', heard.all.join('\n')], ...servers.map((server) => [server.url, end(server.log())])];
      for (const [who, what] of said) {
        // Where only the terminal output is kept, attached files would be lost.
        console.log(`--- ${who}\n${what || 'silent'}`);
        await testInfo.attach(who, { body: what, contentType: 'text/plain' });
      }
    }
    if (!mayComplain) expect(heard.complaints).toEqual([]);
  },
  page: async ({ page, heard }, use) => {
    heard.listen(page);
    await use(page);
  },
  /** Opens another browser window, with its own options. */
  newPage: async ({ browser, heard }, use) => {
    const contexts = [];
    await use(async (options) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      const page = await context.newPage();
      heard.listen(page);
      return page;
    });
    for (const context of contexts) await context.close();
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

/** Checks that nothing of an open page is beyond the edge of the screen, in either language. */
export async function expectToFit(page, name) {
  const beyond = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const switchTo = async (language) => {
    await page.getByTestId('language').click();
    await expect(page.locator('html')).toHaveAttribute('lang', language);
  };
  expect.soft(await beyond(), name).toBeLessThanOrEqual(0);
  await switchTo('ko');
  expect.soft(await beyond(), `${name}, Korean`).toBeLessThanOrEqual(0);
  await switchTo('en');
}

export { expect };
