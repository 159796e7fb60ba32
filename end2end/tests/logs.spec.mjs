// The log viewer, against a real engine.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { Deckwatch, docker, engine, expect, open, removeContainers, test } from './deckwatch.mjs';

test.skip(!engine, 'no engine: DECKWATCH_TEST_DOCKER is not set');

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const name = (what) => `e2e-log-${what}`;
let deckwatch;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.start();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});
test.afterEach(() => {
  removeContainers('e2e-log-');
});

/** Starts a container that runs a shell script; returns its id once Deckwatch knows it. */
const runScript = (what, ...rest) => deckwatch.runScript(name(what), ...rest);

/** A script that logs what is written to it with `say`, and a function that writes to it. */
const listening = 'mkfifo /said; while true; do cat /said; done';
const say = (what, ...lines) => docker('exec', name(what), 'sh', '-c', `printf '%s\\n' "$@" > /said`, 'sh', ...lines);

const count = (from, to) => `for i in $(seq ${from} ${to}); do echo "line $i"; done`;
const log = (page) => page.getByTestId('log');
const texts = (page) => page.locator('.line:not(.between) .text');
const url = (...ids) => `${deckwatch.url}/logs?${ids.map((id) => `c=${id}`).join('&')}`;
const search = (page) => page.getByTestId('search');

/** All lines of the viewer, not only the visible ones: what it copies. */
async function copied(page) {
  const context = page.context();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByTestId('copy').click();
  await expect(page.getByTestId('copied')).toContainText('copied');
  const text = await page.evaluate(() => navigator.clipboard.readText());
  return text.trim().split('\n').map((line) => line.replace(/^\S+Z /, ''));
}

test('lines appear as they are written', async ({ page }) => {
  const id = await runScript('live', `echo first; ${listening}`);
  await open(page, url(id));
  await expect(log(page)).toContainText('first');
  say('live', 'second', 'third');
  await expect(texts(page)).toHaveText(['first', 'second', 'third']);
  await expect(page.getByTestId('counts')).toContainText('lines');
});

test('the view stays after scrolling up, counts new lines, and can return to the end', async ({ page }) => {
  const id = await runScript('follow', `${count(1, 400)}; ${listening}`);
  await open(page, url(id));
  await expect(log(page)).toContainText('line 400');
  await expect(page.getByTestId('follow')).toHaveCount(0);
  await log(page).hover();
  await page.mouse.wheel(0, -3000);
  await expect(page.getByTestId('follow')).toBeVisible();
  await expect(log(page)).not.toContainText('line 400');
  const top = await log(page).evaluate((node) => node.scrollTop);
  say('follow', 'new a', 'new b');
  await expect(page.getByTestId('follow')).toContainText('2 new lines');
  expect(await log(page).evaluate((node) => node.scrollTop)).toBe(top);
  await page.getByTestId('follow').click();
  await expect(log(page)).toContainText('new b');
  await expect(page.getByTestId('follow')).toHaveCount(0);
  await page.keyboard.press('f');
  await expect(page.getByTestId('follow')).toBeVisible();
});

test('a paused viewer holds lines back and shows them afterwards; a cleared one is empty', async ({ page }) => {
  const id = await runScript('pause', `echo first; ${listening}`);
  await open(page, url(id));
  await expect(texts(page)).toHaveText(['first']);
  await page.getByTestId('pause').click();
  say('pause', 'second');
  await expect(page.getByTestId('counts')).toContainText('1 waiting while paused');
  await expect(texts(page)).toHaveText(['first']);
  await page.getByTestId('go-on').click();
  await expect(texts(page)).toHaveText(['first', 'second']);
  await page.getByTestId('clear').click();
  await expect(texts(page)).toHaveCount(0);
  say('pause', 'third');
  await expect(texts(page)).toHaveText(['third']);
});

test('matches of text and expressions are found, counted, visited and hidden', async ({ page }) => {
  const id = await runScript('search', `${count(1, 500)}; echo 'the END'; ${listening}`);
  await open(page, url(id));
  await expect(log(page)).toContainText('the END');
  await page.keyboard.press('/');
  await page.keyboard.type('line 4');
  await expect(page.getByTestId('matches')).toHaveText('111');
  await expect(page).toHaveURL(/q=line%204/);
  // The next one after the visible lines.
  await log(page).evaluate((node) => { node.scrollTop = 0; });
  await expect(log(page)).toContainText('line 1');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('matches')).toHaveText('1 / 111');
  await expect(page.locator('.line.current mark')).toHaveText('line 4');
  await page.keyboard.press('Shift+Enter');
  await expect(page.getByTestId('matches')).toHaveText('111 / 111');
  await page.getByRole('button', { name: 'Show only what matches' }).click();
  await expect(page.getByTestId('counts')).toContainText(/11[12] shown/); // with the mark of the start, when that is among the lines
  await page.getByRole('button', { name: 'Leave out what matches' }).click();
  await expect(page.getByTestId('matches')).toHaveText('389');
  await page.getByRole('button', { name: 'Leave out what matches' }).click();
  await page.getByRole('button', { name: 'Regular expression' }).click();
  await search(page).fill('^line (12|99)$|end');
  await expect(texts(page)).toHaveText(['line 12', 'line 99', 'the END']);
  await expect(page.locator('mark')).toHaveText(['line 12', 'line 99', 'END']);
  say('search', 'no match', 'another end');
  await expect(page.getByTestId('matches')).toHaveText('4');
  await page.reload();
  await page.waitForSelector('html[data-hydrated]');
  await expect(page.getByTestId('matches')).toHaveText('4');
  await search(page).focus();
  await page.keyboard.press('Escape');
  await expect(search(page)).toHaveValue('');
  await expect(log(page)).toContainText('another end');
});

test('an invalid expression is reported, and an endless one is stopped', async ({ page }) => {
  test.setTimeout(90_000);
  const id = await runScript('explode', `for i in $(seq 5); do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!; done; ${listening}`);
  await open(page, `${url(id)}&regex=1&only=1`);
  await expect(texts(page)).toHaveCount(5);
  await search(page).fill('(a');
  await expect(page.getByTestId('search-problem')).toHaveText('Invalid regular expression: Unterminated group');
  await search(page).fill('(a+)+$');
  await expect(page.getByTestId('search-problem')).toContainText('takes too long', { timeout: 30_000 });
  say('explode', 'the page lives');
  await expect(log(page)).toContainText('the page lives');
  await search(page).fill('lives');
  await expect(page.getByTestId('search-problem')).toBeEmpty();
  await expect(texts(page)).toHaveText(['the page lives']);
});

test('levels and streams are filtered', async ({ page }) => {
  const id = await runScript('levels', `echo 'INFO fine'; echo 'WARN hm'; echo '{"level":"error","msg":"x"}'; echo 'no errors'; echo 'ERROR oops' >&2; ${listening}`);
  await open(page, url(id));
  await expect(texts(page)).toHaveCount(5);
  await page.getByLabel('Level', { exact: true }).selectOption('warn');
  await expect(texts(page)).toHaveCount(3);
  await expect(page).toHaveURL(/level=warn/);
  await page.getByLabel('Stream', { exact: true }).selectOption('stderr');
  await expect(texts(page)).toHaveText(['ERROR oops']);
  await page.getByLabel('Level', { exact: true }).selectOption('all');
  await page.getByLabel('Stream', { exact: true }).selectOption('both');
  await expect(texts(page)).toHaveCount(5);
});

test('hostile lines are shown as text', async ({ page }) => {
  const lines = [
    String.raw`\033[1;31mred\033[0m plain`,
    String.raw`<img src=x onerror="window.owned=1"><script>window.owned=1</script>`,
    String.raw`\033]0;title\007after \033[2J\033[Hcursor`,
    String.raw`user\342\200\256gpj.exe`,
    String.raw`10%%\r50%%\r100%%`,
    String.raw`bell\007 nul`,
  ];
  const id = await runScript('hostile', `printf '${lines.join('\\n')}\\n'; ${listening}`);
  await open(page, url(id));
  await expect(texts(page)).toHaveText([
    'red plain',
    '<img src=x onerror="window.owned=1"><script>window.owned=1</script>',
    'after cursor',
    'user<U+202E>gpj.exe',
    '100%',
    'bell␇ nul',
  ]);
  await expect(page.locator('.text .f1.bold')).toHaveText('red');
  await expect(page.locator('.lines img, .lines script')).toHaveCount(0);
  expect(await page.evaluate(() => window.owned)).toBeUndefined();
});

test('a line of JSON can be expanded and collapsed', async ({ page }) => {
  const id = await runScript('json', `echo '{"level":"info","msg":"hello","tags":["a","b"]}'; ${listening}`);
  await open(page, url(id));
  await page.getByRole('button', { name: 'Show all of this line' }).click();
  await expect(texts(page)).toHaveText('{\n  "level": "info",\n  "msg": "hello",\n  "tags": [\n    "a",\n    "b"\n  ]\n}', { useInnerText: false });
  await page.getByRole('button', { name: 'Show less of this line' }).click();
  await expect(texts(page)).toHaveText('{"level":"info","msg":"hello","tags":["a","b"]}');
});

test('several logs are merged by time, each in its colour, and can be removed again', async ({ page }) => {
  const a = await runScript('a', listening);
  const b = await runScript('b', listening);
  for (const [what, line] of [['a', 'one'], ['b', 'two'], ['a', 'three'], ['b', 'four']]) {
    say(what, line);
    await expect.poll(() => docker('logs', name(what))).toContain(line);
  }
  await open(page, url(b, a));
  await expect(texts(page)).toHaveText(['one', 'two', 'three', 'four']);
  await expect(page.locator('.line:not(.between) .source')).toHaveText([name('a'), name('b'), name('a'), name('b')]);
  say('a', 'five');
  await expect(texts(page)).toHaveText(['one', 'two', 'three', 'four', 'five']);
  await page.getByRole('link', { name: `Remove ${name('b')}` }).click();
  await expect(texts(page)).toHaveText(['one', 'three', 'five']);
  await page.getByRole('button', { name: '+ Container' }).click();
  await page.locator('#picker').getByRole('searchbox').fill(name('b'));
  await page.locator('#picker').getByRole('link', { name: name('b') }).click();
  await expect(texts(page)).toHaveText(['one', 'two', 'three', 'four', 'five']);
});

test('a restart is marked, and loses or duplicates no line', async ({ page }) => {
  const id = await runScript('restart', 'n=$(cat /n 2>/dev/null || echo 0); while true; do n=$((n+1)); echo $n > /n; echo "number $n"; sleep 0.05; done');
  await open(page, `${url(id)}&tail=5000`);
  await expect(log(page)).toContainText('number');
  docker('restart', '-t', '0', name('restart'));
  await expect(page.locator('.between', { hasText: 'ended' })).toHaveCount(1);
  await expect(page.locator('.between', { hasText: 'started' })).toHaveCount(1);
  const last = Number(docker('logs', '--tail', '1', name('restart')).split(' ')[1]);
  await expect.poll(async () => Number((await texts(page).last().textContent()).split(' ')[1])).toBeGreaterThan(last);
  docker('stop', '-t', '0', name('restart'));
  await expect(page.getByTestId('ends')).toContainText('stopped');
  const written = docker('logs', name('restart')).split('\n');
  await expect.poll(() => copied(page)).toEqual(written);
});

test('the log tab has the viewer, and copies the shown lines', async ({ page }) => {
  const id = await runScript('tab', `echo first; echo second; ${listening}`);
  await open(page, `${deckwatch.url}/containers/${id}?tab=logs&q=second&only=1`);
  await expect(texts(page)).toHaveText(['second']);
  expect(await copied(page)).toEqual(['second']);
  // A page over plain HTTP has no clipboard API.
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.addEventListener('copy', () => { window.selected = document.activeElement.value; });
  });
  await page.getByTestId('copy').click();
  await expect.poll(() => page.evaluate(() => window.selected)).toMatch(/^\S+Z second\n$/);
});

test('a log is downloaded completely', async ({ page }) => {
  const id = await runScript('download', `${count(1, 3000)}; ${listening}`);
  await open(page, url(id));
  await expect(log(page)).toContainText('line 3000');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(3000);
  expect(lines[0]).toMatch(/Z line 1$/);
});

test('display settings are kept: times, wrapped lines', async ({ page }) => {
  const long = 'x'.repeat(600);
  const id = await runScript('looks', `echo ${long}; echo short; ${listening}`);
  await open(page, url(id));
  await expect(texts(page)).toHaveCount(2);
  await page.keyboard.press('w');
  await expect(log(page)).toHaveClass(/wrap/);
  await expect.poll(() => log(page).evaluate((node) => node.scrollWidth - node.clientWidth)).toBe(0);
  await page.getByRole('button', { name: 'View' }).click();
  await page.getByRole('button', { name: 'Ago' }).click();
  await expect(page.locator('.line time').first()).toHaveText(/^\d+(\.\d)? (s|min)/);
  await page.reload();
  await page.waitForSelector('html[data-hydrated]');
  await expect(log(page)).toHaveClass(/wrap.*ago/);
});

test('forty thousand lines at once are handled, and only visible ones are in the document', async ({ page }) => {
  test.setTimeout(120_000);
  const id = await runScript('burst', `${listening}`);
  await open(page, url(id));
  docker('exec', name('burst'), 'sh', '-c', 'seq 40000 > /said');
  await expect(log(page)).toContainText('40000', { timeout: 60_000 });
  expect(await page.locator('.line').count()).toBeLessThan(200);
  await page.getByTestId('counts').getByText(/40\D?000 lines/).waitFor();
  await log(page).evaluate((node) => { node.scrollTop = 0; });
  await expect(texts(page).first()).toHaveText('1');
});

test('the last lines are shown without JavaScript', async ({ browser }) => {
  const id = await runScript('plain', `${count(1, 150)}; echo '<b>bold</b>'; ${listening}`);
  await expect.poll(() => docker('logs', '--tail', '1', name('plain'))).toContain('bold');
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  for (const address of [url(id), `${deckwatch.url}/containers/${id}?tab=logs`]) {
    await page.goto(address);
    await expect(texts(page)).toHaveCount(100);
    await expect(texts(page).last()).toHaveText('<b>bold</b>');
  }
  await page.goto(`${deckwatch.url}/logs`);
  await page.getByRole('link', { name: name('plain') }).click();
  await expect(texts(page).last()).toHaveText('<b>bold</b>');
  await context.close();
});

test.describe('when the connection is lost', () => {
  test.use({ mayComplain: true });

  test('lines continue after the server was killed, without duplicates', async ({ page }) => {
    test.setTimeout(120_000);
    const own = await Deckwatch.start();
    const id = await runScript('kill', listening);
    say('kill', 'one', 'two');
    await open(page, `${own.url}/logs?c=${id}`);
    await expect(texts(page)).toHaveText(['one', 'two']);
    await own.kill();
    await expect(page.getByTestId('connection')).toContainText('Reconnecting');
    say('kill', 'three');
    await own.start();
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 45_000 });
    say('kill', 'four');
    await expect(texts(page)).toHaveText(['one', 'two', 'three', 'four'], { timeout: 45_000 });
    await own.kill();
  });

  test('a polling page shows new lines, too, and says how', async ({ page }) => {
    test.setTimeout(150_000);
    const id = await runScript('poll', `echo one; ${listening}`);
    let blocked = true;
    await page.routeWebSocket(/\/api\/ws/, (socket) => (blocked ? socket.close({ code: 1001 }) : socket.connectToServer()));
    await page.goto(url(id));
    await expect(page.getByTestId('connection')).toContainText('Polling', { timeout: 60_000 });
    await expect(page.getByText('new lines arrive by polling')).toBeVisible();
    say('poll', 'two');
    await expect(texts(page)).toHaveText(['one', 'two']);
    blocked = false;
    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 60_000 });
    say('poll', 'three');
    await expect(texts(page)).toHaveText(['one', 'two', 'three']);
  });
});

for (const colorScheme of ['dark', 'light']) {
  test(`the log page is accessible (${colorScheme})`, async ({ browser }) => {
    const colours = [1, 2, 3, 4, 5, 6, 7].map((n) => String.raw`\033[3${n}mc${n}\033[9${n}mb${n}\033[4${n}mg${n}\033[0m`).join(' ');
    const id = await runScript('axe', `printf '${colours}\\n'; echo 'ERROR x' >&2; echo '{"a":1}'; ${listening}`);
    const other = await runScript('axe-b', `echo other; ${listening}`);
    const context = await browser.newContext({ colorScheme, bypassCSP: true });
    const page = await context.newPage();
    for (const [width, address] of [[1440, url(id, other)], [390, url(id, other)], [1440, `${deckwatch.url}/logs`]]) {
      await page.setViewportSize({ width, height: 800 });
      await open(page, `${address}${address.includes('?') ? '&q=x' : ''}`);
      if (address.includes('?')) await expect(texts(page)).toHaveCount(4);
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => window.axe.run());
      expect(violations.map(({ id: rule, nodes }) => [rule, nodes.length, nodes[0].html])).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }
    await context.close();
  });
}
