// Search and filters of the log viewer, against a real engine.
import { Deckwatch, engine, expect, open, removeContainers, test } from './deckwatch.mjs';

test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');

const name = (what) => `e2e-filter-${what}`;
let deckwatch;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});
test.afterEach(() => {
  removeContainers('e2e-filter-');
});

/** Starts a container that runs a shell script; returns the address of its log once it is known. */
async function runScript(what, script) {
  return `${deckwatch.url}/logs?c=${await deckwatch.runScript(name(what), `${script}; sleep 100000`)}`;
}

const lines = (page) => page.locator('.line:not(.between)');
const texts = (page) => page.locator('.line:not(.between) .text');

test('a filter in the URL that no line passes shows no line, even in the first HTML', async ({ page, request, newPage }) => {
  const url = await runScript('none', 'for i in $(seq 100); do echo "INFO line $i"; done');
  for (const filter of ['q=not-there&only=1', 'level=error', 'stream=stderr', 'q=not-there&only=1&regex=1']) {
    expect((await (await request.get(`${url}&${filter}`)).text()).match(/class="line /g), filter).toBeNull();
    await open(page, `${url}&${filter}`);
    // In addition to the start marker of the container, if that is known.
    await expect(page.getByTestId('counts')).toHaveText(/^10[01] lines · [01] shown/);
    await expect(lines(page)).toHaveCount(0);
  }
  await open(page, `${url}&q=line 9&only=1`);
  await expect(lines(page)).toHaveCount(11);
  const plain = await newPage({ javaScriptEnabled: false });
  await plain.goto(`${url}&q=line 9&only=1`);
  await expect(lines(plain)).toHaveCount(11);
});

test('a match at the end of a line of 64 KiB is found and shown', async ({ page }) => {
  const url = await runScript('long', `{ head -c 60000 /dev/zero | tr '\\0' x; echo ' the-needle behind'; } ; echo short`);
  // So slow that lines are drawn before they are searched.
  const browser = await page.context().newCDPSession(page);
  await browser.send('Emulation.setCPUThrottlingRate', { rate: 10 });
  for (const regex of ['', '&regex=1']) {
    await open(page, `${url}&q=the-needle${regex}`);
    await expect(page.getByTestId('matches')).toHaveText('1');
    await expect(page.locator('.line mark')).toHaveText('the-needle');
    await page.getByRole('button', { name: 'Next match' }).click();
    await expect(page.locator('.line.current mark')).toBeInViewport();
  }
  await open(page, `${url}&q=the-needle&only=1`);
  await expect(texts(page)).toHaveCount(1);
  await expect(texts(page)).toContainText('the-needle behind');
});

test('a stack trace is an error from its first line to its last', async ({ page, request }) => {
  const trace = [
    '2026-01-02 ERROR cannot start', 'java.lang.IllegalStateException: no queue', '\\tat com.example.Main.main(Main.java:1)',
    'Caused by: java.net.ConnectException: refused', '\\t... 2 more',
  ];
  const python = ['Traceback (most recent call last):', '  File "x.py", line 1, in <module>', 'ValueError: bad'];
  const said = ['INFO before', ...trace, 'INFO between', ...python, 'INFO after'];
  const url = await runScript('trace', `printf '${said.join('\\n')}\\n' >&2`);
  await open(page, `${url}&level=error`);
  const shown = [...trace, ...python].map((line) => line.replace('\\t', '\t').trim());
  await expect(texts(page)).toHaveCount(shown.length);
  expect((await texts(page).allTextContents()).map((text) => text.trim())).toEqual(shown);
  expect((await (await request.get(`${url}&level=error`)).text()).match(/class="line /g)).toHaveLength(shown.length);
});
