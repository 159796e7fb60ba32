// A minimal container engine, with containers and stats as a test sets them. It can disconnect and return,
// as an engine does.
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GIB = 1024 ** 3;
const NEVER = '0001-01-01T00:00:00Z';

/** A time this many seconds ago, in the engine's format. */
export const ago = (seconds) => new Date(Date.now() - seconds * 1_000).toISOString();

/** A container that has been running for a minute, with the properties in `change`. */
export function container(name, change = {}) {
  const id = [...name].map((letter) => letter.charCodeAt(0).toString(16)).join('').padEnd(64, '0').slice(0, 64);
  return { id, name, state: 'running', started: ago(60), finished: NEVER, exitCode: 0, restarts: 0, cpu: 0.1, memory: GIB / 8, limit: undefined, nanoCpus: 0, ...change };
}

export class FakeEngine {
  /** Memory of its machine, which it reports as the limit of containers without one. */
  memory = 16 * GIB;

  static async start(...containers) {
    const engine = new FakeEngine();
    engine.containers = containers;
    engine.path = join(mkdtempSync(join(tmpdir(), 'deckwatch-')), 'docker.sock');
    engine.url = `unix://${engine.path}`;
    await engine.listen();
    return engine;
  }

  listen() {
    this.open = new Set();
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on('connection', (socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
    return new Promise((resolve) => { this.server.listen(this.path, resolve); });
  }

  stop() {
    const closed = new Promise((resolve) => { this.server.close(resolve); });
    for (const socket of this.open) socket.destroy();
    return closed;
  }

  #answer(request, response) {
    const path = new URL(request.url, 'http://engine').pathname.replace(/^\/v[\d.]+/, '');
    const json = (value, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json', 'Api-Version': '1.41' }).end(JSON.stringify(value));
    const [, , id, what] = path.split('/');
    const named = this.containers.find((one) => one.id === id);
    if (path === '/_ping') return json('OK');
    if (path === '/version') return json({ Version: '26.1.0', ApiVersion: '1.41', MinAPIVersion: '1.24', Components: [] });
    if (path === '/info') return json({ MemTotal: this.memory, NCPU: 4, Name: 'machine', OperatingSystem: 'Debian GNU/Linux 13', KernelVersion: '6.12.0', Architecture: 'x86_64' });
    // There are no events: the stream stays open.
    if (path === '/events') return response.writeHead(200, { 'Content-Type': 'application/json' }).flushHeaders();
    if (path === '/containers/json') return json(this.containers.map(listed));
    if (named && what === 'json') return json(inspected(named));
    if (named && what === 'stats') return json(this.#figures(named));
    return json({ message: 'no such thing' }, 404);
  }

  #figures({ cpu, memory, limit }) {
    return {
      cpu_stats: { cpu_usage: { total_usage: Math.round(performance.now() * 1e6 * cpu) } },
      memory_stats: { usage: memory, limit: limit ?? this.memory },
      pids_stats: { current: 1 },
    };
  }
}

function listed({ id, name, state, exitCode }) {
  const status = { running: 'Up About a minute', restarting: `Restarting (${exitCode}) 1 second ago` };
  return { Id: id, Names: [`/${name}`], Image: 'nginx:1.27', State: state, Status: status[state] ?? `Exited (${exitCode}) 1 second ago`, Created: 1_763_687_000, Ports: [], Labels: {} };
}

function inspected({ id, name, state, started, finished, exitCode, restarts, limit, nanoCpus }) {
  return {
    Id: id, Name: `/${name}`, RestartCount: restarts,
    // Docker reports a container that waits for its restart as running, too.
    State: { Status: state, Running: ['running', 'restarting'].includes(state), Restarting: state === 'restarting', Pid: 0, ExitCode: exitCode, StartedAt: started, FinishedAt: finished },
    Config: { Image: 'nginx:1.27', Cmd: ['serve'], Env: [] },
    HostConfig: { NanoCpus: nanoCpus, Memory: limit ?? 0, RestartPolicy: { Name: 'always' } },
    Mounts: [], NetworkSettings: { Networks: {} },
  };
}
