import { expect, test } from './fixtures.ts';
import { codeCell, openLesson, saved, write } from './lesson.ts';

// Seen to fail without the script that hears of what is missing: the page stays as it was, and says that something went wrong.
test('a page from before an update of the site, whose next script is there no more, is loaded anew with what was typed', async ({ learner, site, expectedProblems }) => {
  expectedProblems.push(/404|chunk/i);
  const { page } = learner;
  await openLesson(learner, site);
  await write(page, codeCell(page), '# typed before');
  const lab = page.getByRole('button', { name: 'Open in JupyterLab' });
  await expect(lab).toBeEnabled({ timeout: 60_000 });
  await saved(page);

  const known = new Set(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name)));
  let gone = true;
  await page.route(/\/_next\/static\//, (route) => (gone && !known.has(route.request().url()) ? route.fulfill({ status: 404 }) : route.continue()));
  const renewed = page.waitForEvent('load', { timeout: 60_000 });
  await lab.click();
  await renewed;
  gone = false;
  await expect(page.frameLocator('iframe[title^="JupyterLab"]').locator('.jp-Notebook .jp-CodeCell').first()).toContainText('typed before', { timeout: 120_000 });
});
