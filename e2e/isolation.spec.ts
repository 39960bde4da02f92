import type { Frame } from '@playwright/test';
import { startCanary } from './canary.ts';
import { expect, test, type Page } from './fixtures.ts';
import { codeCell, course, enrol, lessons, ran, write } from './lesson.ts';

/**
 * What JupyterLab's page can do to the site's. It stands for whatever a learner's code may bring there: what is evaluated in
 * its frame has all that the page itself has. Seen to fail with answers of the site that others may read (CORS and CORP), with
 * `allow-top-navigation`, with requests for workers let through, and without Origin-Agent-Cluster on both sides. Two origins
 * are all that keeps the parent's document.
 */
test('T12 a notebook’s page reaches nothing of the site’s, and cannot hold it up', async ({ learner: { page, person, context }, site, expectedProblems }) => {
  // The browser tells of each refusal, and JupyterLab of its own affairs.
  expectedProblems.push(/\.nb\.lectern\.localhost|Unsafe attempt to initiate navigation|CORS policy|NotSameOrigin|net::ERR_FAILED|bad HTTP response code/);
  const canary = await startCanary();
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await write(page, codeCell(page), 'import os\nopen(os.path.expanduser("~/worker.js"), "w").write("0")');
  await page.keyboard.press('Control+Enter');
  await ran(codeCell(page));
  await page.getByRole('button', { name: 'Open in JupyterLab' }).click();
  await expect(page.frameLocator('iframe[title^="JupyterLab"]').locator('.jp-Notebook')).toBeVisible({ timeout: 90_000 });
  const lab = page.frames().find((frame) => frame.url().includes('.nb.lectern.localhost'))!;

  expect(await attack(lab, site, `${canary.address}/top`)).toEqual({
    parent: 'SecurityError',
    storage: 'SecurityError',
    session: 'TypeError',
    account: 'TypeError',
    unread: 'TypeError',
    top: 'SecurityError',
    worker: 'TypeError',
  });
  expect(await lab.evaluate(() => document.cookie)).not.toMatch(/lectern/);
  expect(page.url()).toContain(first!.slug);
  expect(canary.heard).toEqual([]);
  await canary.close();

  // A process of its own; were it the site's, there would be no session with the frame alone.
  const session = await context.newCDPSession(lab);
  await session.detach();
  const delays = (await clicksWhileBusy(page, lab)).sort((a, b) => a - b);
  expect(delays[Math.floor(delays.length / 2)], `the middle one of ${delays.map(Math.round).join()} ms`).toBeLessThan(200);
});

/** What comes of each attempt: what was got, or the name of the error. */
const attack = (lab: Frame, site: string, elsewhere: string): Promise<Record<string, string>> =>
  lab.evaluate(
    async ([site, elsewhere]) => {
      const got = async (work: () => unknown) => {
        try {
          return `got ${String(await work())}`;
        } catch (error) {
          return error instanceof Error ? error.name : 'refused';
        }
      };
      const read = async (path: string, more: RequestInit = {}) => (await fetch(site! + path, { credentials: 'include', ...more })).text();
      return {
        parent: await got(() => parent.document.title),
        storage: await got(() => parent.localStorage.length),
        session: await got(() => read('/api/auth/session')),
        account: await got(() => read('/account')),
        unread: await got(() => read('/api/auth/session', { mode: 'no-cors' })),
        top: await got(() => (top!.location.href = elsewhere!)),
        worker: await got(() => navigator.serviceWorker.register('/files/worker.js')),
      };
    },
    [site, elsewhere],
  );

/** How long clicks on the site's page wait to be heard, in milliseconds, while the notebook's page does not come to rest. */
async function clicksWhileBusy(page: Page, lab: Frame): Promise<number[]> {
  await page.evaluate(() => {
    const delays: number[] = [];
    addEventListener('pointerdown', ({ timeStamp }) => delays.push(performance.now() - timeStamp), { capture: true });
    Object.assign(window, { delays });
  });
  const banner = (await page.getByRole('banner').boundingBox())!;
  const busy = page.waitForEvent('console', (message) => message.text() === 'busy');
  await lab.evaluate(() => {
    setTimeout(() => {
      console.log('busy');
      for (const end = performance.now() + 8_000; performance.now() < end; );
      Object.assign(window, { rested: true });
    });
  });
  await busy;
  let rested = false;
  const rest = lab.waitForFunction(() => 'rested' in window).then(() => (rested = true));
  let clicks = 0;
  for (; clicks < 15 && !rested; clicks += 1) await page.mouse.click(banner.x + banner.width / 2, banner.y + 2);
  const heard = await page.evaluate(() => (window as unknown as { delays: number[] }).delays);
  expect(heard.length).toBe(clicks);
  await rest;
  return heard;
}
