import { expect, test } from './fixtures.ts';
import { lessons, course } from './lessons.ts';

// Seen to fail for /admin, /admin/people and /teach/<course> as they were: 671 to 770 pixels wide at 320.
test('no page is wider than a phone', async ({ admin: { page }, site }) => {
  const [first] = await lessons();
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/', '/courses', `/courses/${course}`, `/courses/${course}/${first!.slug}`, '/teach', '/teach/new', `/teach/${course}`, '/admin', '/admin/people']) {
    await page.goto(site + path);
    await expect(page.locator('h1').first(), path).toBeAttached();
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: path }).toBe(320);
  }
});
