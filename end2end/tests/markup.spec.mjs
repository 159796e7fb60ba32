// Text from an engine is never markup: before hydration, after it, and when it changes.
import { Deckwatch, expect, open, test } from './deckwatch.mjs';
import { FakeEngine, container } from './fake_engine.mjs';

const hostile = (word) => `</title><meta http-equiv=refresh content="0;url=/${word}"><img src=x onerror="window.ran=true">${word}`;

let engine;
let deckwatch;

test.beforeAll(async () => {
  engine = await FakeEngine.start({ ...container('web'), name: hostile('first') });
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: engine.url, DECKWATCH_RECONCILE_INTERVAL: '1s' });
});
test.afterAll(async () => {
  await deckwatch?.kill();
  await engine?.stop();
});

test('a name with markup is shown literally in the title, however it is set', async ({ page, newPage }) => {
  const path = `/containers/${container('web').id}`;
  const plain = await newPage({ javaScriptEnabled: false });
  await plain.goto(deckwatch.url + path);
  await expect(plain).toHaveTitle(`${hostile('first')} · Deckwatch`);

  await open(page, deckwatch.url + path);
  await expect(page).toHaveTitle(`${hostile('first')} · Deckwatch`);
  engine.containers[0].name = hostile('second');
  await expect(page).toHaveTitle(`${hostile('second')} · Deckwatch`);
  await expect(page.getByTestId('head')).toContainText(hostile('second'));
  expect(page.url()).toBe(deckwatch.url + path);
  expect(await page.evaluate(() => window.ran)).toBeUndefined();
  await expect(page.locator('img, meta[http-equiv=refresh]')).toHaveCount(0);
});
