// Measures the costs in a browser; started by `scripts/bench`, prints figures as JSON lines.
//   node bench/browser.mjs latency URL ENGINE_SOCKET CHANGES
//   node bench/browser.mjs logs PAGE_URL NAME LINES
//   node bench/browser.mjs hydrate URL ROUNDS
//   node bench/browser.mjs first URL EMPTY_PAGE_FOLDER ROUNDS
//   node bench/browser.mjs table URL VANILLA_URL PACKAGE_FOLDER ROUNDS SECONDS
import { chromium } from '@playwright/test';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const docker = promisify(execFile);
const print = (key, value) => console.log(JSON.stringify([key, value]));
const percentile = (values, percent) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((percent / 100) * (sorted.length - 1))];
};
const now = () => performance.timeOrigin + performance.now();
const within = (ms, promise, what) => Promise.race([promise,
  new Promise((_, reject) => { setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms).unref(); })]);

async function live(page, url) {
  await page.goto(url);
  await page.waitForSelector('html[data-hydrated]');
  await page.waitForFunction(() => document.querySelector('[data-testid=connection]')?.textContent.includes('Live'));
}

/** Listens to the engine's own events; `next(action)` resolves to the time at which the next such event was read. */
function events(socket) {
  const waiting = new Map();
  const answer = request({ socketPath: socket, path: '/events' }, (response) => {
    response.on('data', (chunk) => {
      const at = now();
      for (const [action, resolve] of waiting) {
        if (chunk.includes(`"Action":"${action}"`)) { waiting.delete(action); resolve(at); }
      }
    });
  });
  answer.end();
  return { next: (action) => new Promise((resolve) => { waiting.set(action, resolve); }), close: () => answer.destroy() };
}

/** Measures the time from an event's arrival at a raw reader until the page shows the new state. */
async function latency(browser, url, socket, changes) {
  const page = await browser.newPage();
  await live(page, `${url}/containers`);
  await page.exposeFunction('changed', (state, at) => seen.get(state)?.(at));
  const seen = new Map();
  await page.evaluate(() => {
    const state = () => (document.querySelector('tr[data-id]').textContent.includes('paused') ? 'paused' : 'running');
    let shown = state();
    new MutationObserver(() => {
      const at = performance.timeOrigin + performance.now();
      if (state() !== shown) { shown = state(); window.changed(shown, at); }
    }).observe(document.querySelector('tbody'), { childList: true, characterData: true, subtree: true });
  });
  const raw = events(socket);
  const delays = [];
  for (let n = 0; n < changes; n += 1) {
    const [action, state] = n % 2 === 0 ? ['pause', 'paused'] : ['unpause', 'running'];
    const read = raw.next(action);
    const shown = new Promise((resolve) => { seen.set(state, resolve); });
    // Asynchronous, so that this process can read the event in time.
    await docker('docker', ['-H', `unix://${socket}`, action, 'bench-0']);
    delays.push(await within(10_000, shown, state) - await within(10_000, read, action));
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  raw.close();
  for (const percent of [50, 99]) print(`glass_p${percent}`, percentile(delays, percent));
}

/** Measures the time from the last byte of the WebAssembly until the page is interactive. */
async function hydrate(browser, url, rounds) {
  for (let n = 0; n < rounds; n += 1) {
    const page = await browser.newPage();
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (document.documentElement?.dataset.hydrated === undefined) return;
        window.hydratedAt = performance.now();
        observer.disconnect();
      }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-hydrated'] });
    });
    await page.goto(`${url}/containers`);
    await page.waitForFunction(() => window.hydratedAt !== undefined);
    const [loaded, hydrated] = await page.evaluate(() => {
      const module = performance.getEntriesByType('resource').find((entry) => /\/deckwatch\.[^/]*wasm$/.test(entry.name));
      return [module.responseEnd, window.hydratedAt];
    });
    print('hydrate_ms', hydrated - loaded);
    print('interactive_ms', hydrated);
    await page.close();
  }
}

/** Serves the smallest page that Leptos hydrates, compressed like the pages of Deckwatch. */
async function emptyPage(folder) {
  const script = "import start,{hydrate} from '/empty_page.js';start({module_or_path:'/empty_page.wasm'}).then(hydrate)";
  const html = '<!DOCTYPE html><html><head><meta charset="utf-8"><link rel="modulepreload" href="/empty_page.js">'
    + '<link rel="preload" href="/empty_page.wasm" as="fetch" type="application/wasm" crossorigin="">'
    + `<script type="module">${script}</script></head><body><button>0</button></body></html>`;
  const types = { js: 'text/javascript', wasm: 'application/wasm' };
  const server = createServer(({ url }, answer) => {
    const type = types[url.split('.').pop()];
    if (url === '/') answer.writeHead(200, { 'content-type': 'text/html' }).end(html);
    else if (!type) answer.writeHead(404).end();
    else answer.writeHead(200, { 'content-type': type, 'content-encoding': 'br' }).end(readFileSync(join(folder, `${url.slice(1)}.br`)));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Measures a first visit over a slow link with a slow processor: from the last byte of the HTML until the page is interactive. */
async function first(browser, url, folder, rounds) {
  const empty = await emptyPage(folder);
  const containers = await (await fetch(`${url}/api/containers?host=demo`)).json();
  const { id } = containers.messages[0].data.find(({ state }) => state === 'running');
  const pages = { overview: `${url}/`, containers: `${url}/containers`, container: `${url}/containers/${id}`, logs: `${url}/logs`,
    stats: `${url}/containers/${id}?tab=stats`, realtime: `${url}/realtime-test`, empty: empty.url };
  for (let n = 0; n < rounds; n += 1) {
    for (const [name, address] of Object.entries(pages)) {
      // A new context, so that nothing is in its cache.
      const context = await browser.newContext();
      const page = await context.newPage();
      const session = await context.newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions',
        { offline: false, latency: 40, downloadThroughput: 10e6 / 8, uploadThroughput: 10e6 / 8 });
      await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
      await page.addInitScript(() => {
        new MutationObserver((_, observer) => {
          if (document.documentElement?.dataset.hydrated === undefined) return;
          window.hydratedAt = performance.now();
          observer.disconnect();
        }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-hydrated'] });
      });
      await page.goto(address);
      await page.waitForFunction(() => window.hydratedAt !== undefined);
      const [html, hydrated, bytes] = await page.evaluate(() => {
        const sent = performance.getEntriesByType('resource').filter(({ name, startTime }) => /\.(js|wasm)$/.test(name) && startTime < window.hydratedAt);
        return [performance.getEntriesByType('navigation')[0].responseEnd, window.hydratedAt,
          sent.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)];
      });
      print(`${name}_ms`, hydrated - html);
      print(`${name}_kib`, bytes / 1024);
      await context.close();
    }
  }
  empty.close();
}

/** The main-thread seconds of a page so far: in total, and by kind. */
async function work(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

async function measured(page, seconds, ticks) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.bringToFront();
  await page.waitForTimeout(1_000);
  const [before, first] = [await work(session), await page.evaluate(ticks)];
  await page.waitForTimeout(seconds * 1_000);
  const [after, last] = [await work(session), await page.evaluate(ticks)];
  await session.detach();
  const each = (name) => ((after[name] - before[name]) / (last - first)) * 1_000;
  return { all: each('TaskDuration'), script: each('ScriptDuration'), layout: each('LayoutDuration') + each('RecalcStyleDuration') };
}

/** Measures the same rows with the same changes: in Deckwatch, and in plain JavaScript. */
async function table(browser, url, vanillaUrl, folder, rounds, seconds) {
  // High enough for all changing rows, so that both pages have all of them in the document and in view.
  const context = await browser.newContext({ viewport: { width: 1440, height: 5_200 } });
  const ours = await context.newPage();
  await ours.route(/\/pkg\/[^/]+$/, (route) => route.fulfill({ path: join(folder, basename(new URL(route.request().url()).pathname)) }));
  await live(ours, `${url}/containers?sort=name`);
  await ours.waitForFunction(() => document.querySelectorAll('tr[data-id]').length >= 100);
  const { body, classes, css } = await ours.evaluate(async () => {
    const copy = document.body.cloneNode(true);
    for (const script of copy.querySelectorAll('script')) script.remove();
    const sheets = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map((rule) => rule.cssText);
    const root = document.documentElement;
    const classes = root.getAttributeNames().map((name) => [name, root.getAttribute(name)]);
    return { body: copy.innerHTML, classes, css: sheets.join('\n') };
  });
  await ours.evaluate(() => {
    const row = document.querySelector('tr[data-id]');
    window.ticks = 0; window.texts = 0; window.attributes = 0;
    new MutationObserver((records) => {
      for (const { type, target } of records) {
        if (type === 'attributes') { window.attributes += 1; continue; }
        window.texts += 1;
        const cell = target.parentElement?.closest('td.cpu') ?? target.closest?.('td.cpu');
        if (cell?.parentElement === row) window.ticks += 1;
      }
    }).observe(row.parentElement, { characterData: true, childList: true, attributes: true, subtree: true });
  });
  const vanilla = await context.newPage();
  await vanilla.goto(new URL(`file://${fileURLToPath(new URL('vanilla.html', import.meta.url))}`).href);
  await vanilla.addStyleTag({ content: css });
  await vanilla.evaluate(({ body, classes, vanillaUrl }) => window.start(body, classes, vanillaUrl), { body, classes, vanillaUrl });
  await vanilla.waitForFunction(() => window.ticks > 0);

  for (let n = 0; n < rounds; n += 1) {
    await ours.evaluate(() => { window.ticks = 0; window.texts = 0; window.attributes = 0; });
    const mine = await measured(ours, seconds, () => window.ticks);
    const [writes, bars] = await ours.evaluate(() => [window.texts / window.ticks, window.attributes / window.ticks]);
    const theirs = await measured(vanilla, seconds, () => window.ticks);
    for (const [name, figure] of Object.entries(mine)) print(`ours_${name}_ms`, figure);
    for (const [name, figure] of Object.entries(theirs)) print(`vanilla_${name}_ms`, figure);
    print('ours/vanilla', mine.all / theirs.all);
    print('text_writes', writes);
    print('attribute_writes', bars);
  }
}

/** Measures a log that is written while its page is open: the longest task, and the memory afterwards. */
async function logs(browser, url, name, lines) {
  const page = await browser.newPage();
  await page.addInitScript(() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
    }).observe({ type: 'longtask' });
    // The module's memory is accessible only here, where it is instantiated.
    for (const how of ['instantiate', 'instantiateStreaming']) {
      const original = WebAssembly[how];
      WebAssembly[how] = async (...given) => {
        const made = await original.apply(WebAssembly, given);
        // Parts share the memory of the module that all pages need.
        window.module ??= (made.instance ?? made).exports.memory;
        return made;
      };
    }
  });
  await live(page, url);
  // The costs of loading are not part of the measurement.
  await page.evaluate(() => { window.longest = 0; });
  await page.waitForFunction((last) => document.querySelector('[data-testid=log]')?.textContent.includes(`${last} GET`), lines,
    { timeout: 120_000, polling: 200 });
  await page.waitForTimeout(1_000);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const module = await page.evaluate(() => window.module.buffer.byteLength);
  print(`${name}_heap_mib`, (usedSize + module) / 2 ** 20);
  print(`${name}_task_ms`, await page.evaluate(() => window.longest));
  await page.close();
}

const [what, ...rest] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.DECKWATCH_CHROMIUM || undefined,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run',
    '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
});
try {
  const [a, b, c, d, e] = rest;
  if (what === 'latency') await latency(browser, a, b, Number(c));
  else if (what === 'hydrate') await hydrate(browser, a, Number(b));
  else if (what === 'first') await first(browser, a, b, Number(c));
  else if (what === 'logs') await logs(browser, a, b, Number(c));
  else if (what === 'table') await table(browser, a, b, c, Number(d), Number(e));
  else throw new Error(`no such part: ${what}`);
} finally {
  await browser.close();
}
