import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { codeCell, course, enrol, lessons, outputOf, ran, saved, write } from './lesson.ts';
import { sql } from './people.ts';

/** Puts the code into the cell and runs it to its end. */
async function runs(page: Page, cell: Locator, code: string) {
  await write(page, cell, `${code}\nprint("done", "so far")`);
  await page.keyboard.press('Control+Enter');
  await expect(outputOf(cell)).toContainText('done so far', { timeout: 120_000 });
  await ran(cell);
}

// What lies in .cache is in no snapshot: only the disk is full here, and not the workspace.
const fill = `import os
os.makedirs('/home/learner/.cache', exist_ok=True)
try:
    with open('/home/learner/.cache/big', 'wb', buffering=0) as big:
        while True:
            big.write(bytes(1 << 20))
except OSError:
    pass`;

// Seen to fail with the notice left out of what the page keeps of its entry.
test('F21 a lesson that opens on a full disk says which and how much; code runs, and makes room', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first, second] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  await runs(page, codeCell(page), fill);
  await saved(page);

  await page.goto(`${site}/courses/${course}/${second!.slug}`);
  const notice = page.getByRole('status').filter({ hasText: 'Your server’s disk is full' });
  await expect(notice).toContainText(/\d+ MB of \d+ MB are used, and there was no room for/, { timeout: 90_000 });
  await runs(page, codeCell(page), 'import os\nos.remove("/home/learner/.cache/big")');
  await notice.getByRole('button', { name: 'Check again' }).click();
  await expect(notice).toBeHidden();
});

// Seen to fail with `unkept` left out of the view of a server.
test('F21 what finds no room among the learner’s files is named, also after a reload, and files can be deleted on the page', async ({ learner: { page, person }, site, expectedProblems }) => {
  expectedProblems.push(/507/);
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cell = codeCell(page);
  await runs(page, cell, 'open("kept.bin", "wb").write(bytes(300_000))');
  await saved(page);
  const kept = () => sql<{ path: string }>('SELECT path FROM file WHERE deleted_at IS NULL AND path LIKE $1 AND workspace_id IN (SELECT id FROM workspace WHERE user_id = $2)', ['%.bin', person.id]);
  await expect.poll(async () => (await kept()).length).toBe(1);
  // As if all the room but a little were taken.
  await sql('UPDATE workspace SET used_bytes = 500 * 1024 * 1024 WHERE user_id = $1', [person.id]);

  await runs(page, cell, 'open("late.bin", "wb").write(bytes(100_000))  # and more text than before');
  const unkept = page.getByRole('status').filter({ hasText: 'A file on your server is not kept' });
  await expect(unkept).toContainText('late.bin');
  await expect(unkept).toContainText('finds no room left');
  const refused = page.getByRole('alert').filter({ hasText: 'Your work is not saved' });
  await expect(refused).toContainText('500 MB of 500 MB are used');
  // What is not saved is in this browser and offered after the reload; what is on the server is named again.
  await page.reload();
  await expect(unkept).toContainText('late.bin', { timeout: 90_000 });
  await page.getByRole('button', { name: 'Restore them' }).click();
  await expect(refused).toBeVisible();

  await refused.getByRole('button', { name: 'Your files' }).click();
  const files = page.getByRole('dialog', { name: 'Your files in this course' });
  await expect(files).toContainText('500 MB of 500 MB are used');
  await files.getByRole('button', { name: /^Delete .*kept\.bin/ }).click();
  await files.getByRole('button', { name: /^Delete .*kept\.bin, really/ }).click();
  await expect(files.getByText('kept.bin')).toBeHidden();
  await files.getByRole('button', { name: 'Close' }).click();
  await saved(page);
  await expect(refused).toBeHidden();

  await runs(page, cell, 'print("again")');
  await expect(unkept).toBeHidden();
  await expect.poll(async () => (await kept()).map(({ path }) => path.split('/').pop())).toEqual(['late.bin']);
});
