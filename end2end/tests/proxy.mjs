// Real proxies in front of Deckwatch, with the configurations of docs/deploy.
import { expect } from '@playwright/test';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const deploy = new URL('../../docs/deploy/', import.meta.url);

/** An unused port. */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A configuration of docs/deploy. */
export const shipped = (name) => readFileSync(new URL(name, deploy), 'utf8');

// nginx needs a configuration around a server block, and explicit paths for all of its folders, because an
// ordinary user may not write to the default ones.
const nginxAround = (dir, inside) => `
  ${process.getuid() === 0 ? 'user root;' : ''}
  worker_processes 1;
  pid ${dir}/nginx.pid;
  error_log ${dir}/error.log;
  events { worker_connections 256; }
  http {
    access_log off;
    client_body_temp_path ${dir}/body;
    proxy_temp_path ${dir}/proxy;
    fastcgi_temp_path ${dir}/fastcgi;
    uwsgi_temp_path ${dir}/uwsgi;
    scgi_temp_path ${dir}/scgi;
    ${inside}
  }`;

const KINDS = {
  nginx: {
    file: 'nginx.conf',
    wrap: nginxAround,
    listen: (text, port) => text.replace('listen 80;', `listen 127.0.0.1:${port};`),
    command: (dir, config) => ['nginx', '-p', dir, '-c', config, '-e', `${dir}/error.log`, '-g', 'daemon off;'],
  },
  haproxy: {
    file: 'haproxy.cfg',
    wrap: (dir, inside) => inside,
    listen: (text, port) => text.replace('bind :80', `bind 127.0.0.1:${port}`),
    command: (dir, config) => ['haproxy', '-db', '-f', config],
  },
  caddy: {
    file: 'Caddyfile',
    wrap: (dir, inside) => `{\n  admin off\n  auto_https off\n}\n${inside}`,
    listen: (text, port) => text.replace('deck.example.com {', `http://127.0.0.1:${port} {\n  bind 127.0.0.1`),
    command: (dir, config) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', config],
  },
};

/** Why this kind of proxy is not available; empty when it is. */
export function isMissing(kind) {
  try {
    execFileSync(kind, [kind === 'caddy' ? 'version' : '-v'], { stdio: 'ignore', env: withSbin() });
    return '';
  } catch (error) {
    return `no ${kind} on this machine: ${error.message.split('\n')[0]}`;
  }
}

// Where distributions install daemons, outside of the PATH of ordinary users.
const withSbin = () => ({ ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` });

/** A proxy that forwards to a Deckwatch. */
export class Proxy {
  /** With the configuration of docs/deploy, edited by `change`. */
  static async start(kind, deckwatch, change = (text) => text) {
    let proxy;
    // A port that was free a moment ago may be in use now.
    for (let tries = 0; tries < 3; tries += 1) {
      proxy = await Proxy.startOnce(kind, deckwatch, change);
      if (proxy.process.exitCode === null) return proxy;
      await proxy.stop();
    }
    throw new Error(`${kind} does not start: ${proxy.said}`);
  }

  static async startOnce(kind, deckwatch, change) {
    const proxy = new Proxy();
    proxy.kind = KINDS[kind];
    proxy.dir = mkdtempSync(join(tmpdir(), `deckwatch-${kind}-`));
    proxy.port = await freePort();
    proxy.url = `http://127.0.0.1:${proxy.port}`;
    proxy.target = deckwatch.url.slice('http://'.length);
    proxy.configure(change);
    const [command, ...args] = proxy.kind.command(proxy.dir, proxy.config);
    const env = { ...withSbin(), HOME: proxy.dir, XDG_DATA_HOME: proxy.dir, XDG_CONFIG_HOME: proxy.dir };
    proxy.said = '';
    proxy.process = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [proxy.process.stdout, proxy.process.stderr]) stream.on('data', (text) => { proxy.said += text; });
    proxy.process.on('error', (error) => { proxy.said += error; });
    await expect.poll(async () => proxy.process.exitCode !== null || await proxy.answers(), {
      timeout: 30_000, message: `${kind} listens`,
    }).toBe(true);
    return proxy;
  }

  get config() { return join(this.dir, this.kind.file); }

  configure(change = (text) => text) {
    const text = shipped(this.kind.file);
    const here = this.kind.listen(text, this.port).replaceAll('127.0.0.1:3000', this.target);
    expect(here, 'the configuration has the addresses that are put in place').toContain(this.target);
    expect(here).toContain(String(this.port));
    const changed = change(here);
    writeFileSync(this.config, this.kind.wrap(this.dir, changed));
  }

  /** nginx and HAProxy reload their configuration without interruption. */
  reload() {
    this.process.kill('SIGHUP');
  }

  answers() {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('connect', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
  }

  async stop() {
    if (this.process.exitCode === null) {
      const ended = new Promise((resolve) => { this.process.once('exit', resolve); });
      this.process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
