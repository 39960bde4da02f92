import { expect, test } from './fixtures.ts';
import { codeCell, course, enrol, lessons } from './lesson.ts';
import { everyPage } from './pages.ts';

// Seen to fail for /admin, /admin/people and /teach/<course> as they were: 671 to 770 pixels wide at 320.
test('no page is wider than a phone', async ({ admin, visitor, site }) => {
  for (const { page, path } of await everyPage(visitor.page, admin.page)) {
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(site + path);
    await expect(page.locator('h1').first(), path).toBeAttached();
    expect(new URL(page.url()).pathname).toBe(path);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path }).toBe(320);
  }
});

// Seen to fail with the way of wide screens: its cells were 10 pixels wide.
test('on a phone JupyterLab shows the notebook, not its file browser', async ({ learner: { page, person }, site, expectedProblems }) => {
  expectedProblems.push(/\.nb\.lectern\.localhost/);
  test.setTimeout(120_000);
  await enrol(person);
  const [first] = await lessons();
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await page.getByRole('button', { name: 'Open in JupyterLab' }).click();
  const cell = page.frameLocator('iframe[title^="JupyterLab"]').locator('.jp-Notebook .jp-CodeCell').first();
  await expect(cell).toBeVisible({ timeout: 90_000 });
  await expect.poll(async () => (await cell.boundingBox())?.width ?? 0, { timeout: 30_000 }).toBeGreaterThan(250);
  await page.getByRole('button', { name: 'Back to the lesson' }).click();
  await expect(codeCell(page)).toBeVisible({ timeout: 60_000 });
});

// Seen to fail with the bar at the very top: the page's header lay over it.
test('whoever scrolls a lesson still sees how it stands with server and saves', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  for (const size of [{ width: 1280, height: 720 }, { width: 360, height: 740 }]) {
    await page.setViewportSize(size);
    await page.goto(`${site}/courses/${course}/${first!.slug}`);
    const saves = page.locator('[data-save]');
    await expect(saves).toBeVisible();
    await page.evaluate(() => window.scrollTo(0, 600));
    const onTop = () => saves.evaluate((bar) => {
      const { x, y, width, height } = bar.getBoundingClientRect();
      return window.scrollY > 300 && bar.contains(document.elementFromPoint(x + width / 2, y + height / 2));
    });
    await expect.poll(onTop, { message: `${size.width} wide` }).toBe(true);
  }
});
