import { expect, test } from './fixtures.ts';
import { codeCell, course, enrol, lessons, outputOf, ran, saved, savedNotebook, write } from './lessons.ts';
import { pictured } from './pictures.ts';

test('a learner goes to JupyterLab and back without losing a variable or a word', async ({ learner: { page, person }, site, expectedProblems }) => {
  // JupyterLab's own chatter is not ours to fix.
  expectedProblems.push(/\.nb\.lectern\.localhost/);
  test.setTimeout(180_000);
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await write(page, codeCell(page), 'kept = "from the page"');
  await page.keyboard.press('Control+Enter');
  await ran(codeCell(page));
  await saved(page);

  const failed: string[] = [];
  page.on('response', (response) => {
    if (response.url().includes('.nb.') && response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
  });
  await page.getByRole('button', { name: 'Open in JupyterLab' }).click();
  const lab = page.frameLocator('iframe[title^="JupyterLab"]');
  const cell = lab.locator('.jp-Notebook .jp-CodeCell').first();
  await expect(cell).toContainText('from the page', { timeout: 90_000 });
  await expect(lab.locator('.jp-Notebook-ExecutionIndicator, .jp-KernelStatus').first()).toBeVisible({ timeout: 60_000 });
  await pictured(page, 'lab');

  await cell.locator('.cm-content').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText('print(kept, "and from the lab")');
  await page.keyboard.press('Shift+Enter');
  await expect(cell.locator('.jp-OutputArea-output').first()).toContainText('from the page and from the lab', { timeout: 60_000 });

  // It asks for nothing that is not there, and the learner nothing about news.
  await expect(lab.getByText('official Jupyter news')).toHaveCount(0);
  expect(failed).toEqual([]);

  await page.getByRole('button', { name: 'Back to the lesson' }).click();
  await expect(lab.locator('body')).toBeHidden({ timeout: 60_000 });
  await expect(codeCell(page)).toContainText('and from the lab');
  await expect(outputOf(codeCell(page))).toContainText('from the page and from the lab');
  expect(await savedNotebook(page, person, first!.path)).toContain('and from the lab');

  await write(page, codeCell(page), 'print(kept, "again")');
  await page.keyboard.press('Control+Enter');
  await expect(outputOf(codeCell(page))).toContainText('from the page again', { timeout: 60_000 });
  await saved(page);
});
