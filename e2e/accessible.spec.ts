import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from './fixtures.ts';
import { codeCell, openLesson, outputOf, ran, run, write } from './lesson.ts';
import { everyPage } from './pages.ts';

/** What breaks WCAG 2.1 AA on the page as it is now, a line for each place. */
async function breaches(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all, none }) => `${id} at ${target.join(' ')}: ${[...any, ...all, ...none].map(({ message }) => message).join(' ')}`));
}

test('no page breaks WCAG 2.1 AA, by day or by night', async ({ admin, visitor, site }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const { page, path } of await everyPage(visitor.page, admin.page)) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.goto(site + path);
      await expect(page.locator('h1').first(), path).toBeAttached();
      expect.soft(await breaches(page), `${path}, ${colorScheme}`).toEqual([]);
    }
  }
});

const outputs = `import sys, pandas as pd
from IPython.display import HTML, Markdown, Math, display
print('plain', *(f'\\x1b[{code}m{code}\\x1b[0m' for code in [*range(30, 38), *range(90, 98)]), '\\x1b[2mdim\\x1b[0m')
print('warned', file=sys.stderr)
display(pd.DataFrame({'a': [1, 2]}), Markdown('**bold**, [a link](https://example.org) and \`code\`'), Math('x^2'), HTML('<p id=made></p><script>made.textContent = "by a script"</script>'))
1 / 0  # and 'text', 12, None`;

// Seen to fail with colours of the palette of 256 as they come: names in a traceback of IPython stood out at 3.4 to 4.1.
test('a lesson with outputs and an editor in use breaks nothing of WCAG 2.1 AA, by day or by night', async ({ learner, site }) => {
  const { page } = learner;
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openLesson(learner, site);
  const cell = codeCell(page);
  await write(page, cell, outputs);
  await page.keyboard.press('Control+Enter');
  await ran(cell);
  await expect(outputOf(cell)).toContainText('ZeroDivisionError');
  await expect(outputOf(cell).frameLocator('iframe').getByText('by a script')).toBeVisible();
  await run(codeCell(page, 1));
  await ran(codeCell(page, 1));
  await cell.locator('.cm-content').click();
  for (const theme of ['light', 'dark']) {
    await page.evaluate((chosen) => (document.documentElement.dataset.theme = chosen), theme);
    await expect(cell.locator('.cm-content')).toBeFocused();
    expect.soft(await breaches(page), theme).toEqual([]);
  }
});
