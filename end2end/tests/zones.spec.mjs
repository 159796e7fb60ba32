// Times are in the user's time zone; the first HTML, which cannot know it, uses UTC.
import { Deckwatch, expect, open, test } from './deckwatch.mjs';

let deckwatch;
let container;

test.beforeAll(async () => {
  deckwatch = await Deckwatch.startWith({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }, '--demo', '40');
  container = await deckwatch.demoContainer();
});
test.afterAll(async () => {
  await deckwatch?.kill();
});

/** `2025-11-21 10:18:05` in a time zone. */
const moment = (at, timeZone) => new Date(at).toLocaleString('sv-SE', { timeZone });

for (const timezoneId of ['Asia/Seoul', 'America/New_York', 'Australia/Adelaide']) {
  test(`times are in the user's time zone: ${timezoneId}`, async ({ newPage }) => {
    const page = await newPage({ timezoneId });
    await page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const path = `/containers/${container.id}`;
    await open(page, deckwatch.url + path);
    const facts = page.getByTestId('facts').locator('time');
    await expect(facts.first()).toHaveText(moment(container.created, timezoneId));
    await expect(page.locator('.card', { has: page.getByTestId('facts') }).locator('h2')).toContainText(timezoneId);
    expect(await page.evaluate(() => window.shift)).toBeLessThan(0.02);

    await open(page, `${deckwatch.url + path}?tab=events`);
    await expect(page.getByTestId('container-events').locator('h2')).toContainText(timezoneId);
    for (const time of (await page.locator('.events time').all()).slice(0, 5)) {
      const at = await time.getAttribute('datetime');
      await expect(time).toHaveText(moment(at, timezoneId));
    }

    await open(page, `${deckwatch.url + path}?tab=logs`);
    await expect(page.getByTestId('viewer').locator('.zone')).toHaveText(timezoneId);
    // Drawn by the log viewer: its rows are in a virtual list.
    const line = page.locator('.window .line:not(.between) time').first();
    await expect(line).toHaveAttribute('title', /T\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
    const [title, text] = await line.evaluate((node) => [node.title, node.textContent]);
    expect(title.slice(0, 19).replace('T', ' ')).toBe(moment(title, timezoneId));
    expect(text).toBe(title.slice(11, 23));

    await open(page, `${deckwatch.url + path}?tab=stats`);
    const slider = page.getByRole('slider', { name: 'CPU' });
    await expect.poll(async () => Number(await slider.getAttribute('aria-valuemax'))).toBeGreaterThan(1);
    await slider.focus();
    await page.keyboard.press('End');
    const zone = title.slice(-6);
    await expect(page.getByTestId('moment')).toHaveText(new RegExp(`^\\d\\d:\\d\\d:\\d\\d UTC\\${zone}$`));

    await open(page, `${deckwatch.url}/`);
    for (const time of (await page.getByTestId('events').locator('time').all()).slice(0, 3)) {
      const [at, said] = await time.evaluate((node) => [node.getAttribute('datetime'), node.title]);
      expect(said).toBe(`${moment(at, timezoneId)} UTC${zone}`);
    }
  });
}

test('the first HTML uses UTC', async ({ newPage }) => {
  const page = await newPage({ timezoneId: 'Asia/Seoul', javaScriptEnabled: false });
  await page.goto(`${deckwatch.url}/containers/${container.id}`);
  await expect(page.getByTestId('facts').locator('time').first()).toHaveText(moment(container.created, 'UTC'));
  await expect(page.locator('.card', { has: page.getByTestId('facts') }).locator('h2')).toContainText('UTC');
  await page.goto(`${deckwatch.url}/containers/${container.id}?tab=logs`);
  await expect(page.getByTestId('viewer').locator('.zone')).toHaveText('UTC');
  await expect(page.locator('.line time').first()).toHaveAttribute('title', /Z$/);
});
