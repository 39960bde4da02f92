import { randomBytes } from 'node:crypto';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { addCourse, codeCell, course, enrol, lessons, liveServer, outputOf, ran, ranLesson, run, saved, savedNotebook, write } from './lesson.ts';
import { sql } from './people.ts';

async function start(page: Page, cell: Locator, code: string) {
  await write(page, cell, code);
  await page.keyboard.press('Control+Enter');
}

/** A workspace's key, of the letters that name origins. */
const makeKey = () => `q${randomBytes(19).toString('hex').replaceAll(/[0189]/g, 'z').slice(0, 19)}`;

const announce = (id: string, workspace: string) => sql(`SELECT pg_notify('lectern', $1)`, [JSON.stringify({ kind: 'server', id, workspace })]);

test('a running cell is interrupted, a kernel is restarted, and a password is asked without being shown or kept', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const [cell, next] = [codeCell(page), codeCell(page, 1)];
  await start(page, cell, 'import time\nprint("begun")\nwhile True:\n    time.sleep(0.05)');
  await expect(outputOf(cell)).toContainText('begun', { timeout: 90_000 });
  await page.getByRole('button', { name: 'Interrupt the kernel' }).click();
  await expect(outputOf(cell)).toContainText('KeyboardInterrupt', { timeout: 60_000 });
  await ran(cell);

  await start(page, cell, 'kept = 41\nprint("set")');
  await expect(outputOf(cell)).toContainText('set');
  await ran(cell);
  const restart = page.getByRole('dialog', { name: 'Restart the kernel?' });
  await page.getByRole('button', { name: 'Restart the kernel' }).click();
  await restart.getByRole('button', { name: 'Cancel' }).click();
  await start(page, next, 'print(kept + 1)');
  await expect(outputOf(next)).toContainText('42');
  await ran(next);
  const restarts = async () => {
    const connecting = page.waitForEvent('websocket', (socket) => socket.url().includes('/channels'));
    await page.getByRole('button', { name: 'Restart the kernel' }).click();
    await restart.getByRole('button', { name: 'Restart' }).click();
    await expect(restart).toBeHidden();
    await connecting;
    await expect(page.locator('[data-kernel="idle"]')).toBeVisible({ timeout: 60_000 });
  };
  await restarts();
  await start(page, next, 'print("kept" in globals())');
  await expect(outputOf(next)).toContainText('False', { timeout: 60_000 });
  await ran(next);
  // What was put out before stays.
  await expect(outputOf(cell)).toContainText('set');

  // Restarted while something runs: it says so.
  await start(page, cell, 'print("again")\nwhile True: pass');
  await expect(outputOf(cell)).toContainText('again');
  await restarts();
  // As an interrupt, where the kernel still came to say so.
  await expect(outputOf(cell)).toContainText(/KeyboardInterrupt|while this cell was running/);
  await expect(cell).not.toHaveAttribute('data-run', 'running');

  await start(page, cell, 'from getpass import getpass\nword = getpass("The word? ")\nprint(len(word), "letters")');
  const asked = page.getByLabel('The word?');
  await expect(asked).toHaveAttribute('type', 'password', { timeout: 60_000 });
  await asked.fill('hush-hush');
  await page.keyboard.press('Enter');
  await expect(outputOf(cell)).toContainText('9 letters');
  await ran(cell);
  await saved(page);
  expect(await page.locator('body').innerText()).not.toContain('hush-hush');
  expect(await savedNotebook(page, person, first!.path)).not.toContain('hush-hush');
});

// Seen to fail as it was: the page said that the connection had been lost before the cell began, and the library failed aloud.
test('F18 a kernel that dies in a cell is told of, and the next run works on the same server', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cell = codeCell(page);
  await start(page, cell, 'kept = 41\nprint("set")');
  await expect(outputOf(cell)).toContainText('set', { timeout: 60_000 });
  await ran(cell);
  const server = await liveServer(person);

  await start(page, cell, 'import os\nos._exit(1)');
  await expect(outputOf(cell)).toContainText('The kernel stopped while this cell was running.');
  await start(page, cell, 'print("kept" in globals(), 6 * 7)');
  await expect(outputOf(cell)).toHaveText('False 42');
  await ran(cell);
  expect(await liveServer(person)).toEqual(server);
});

test('cells are moved, deleted, had back and written, and stay so', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const cells = page.locator('section[id^="cell-"]');
  const order = () => cells.evaluateAll((all) => all.map(({ id }) => id));
  const at = (id: string) => page.locator(`[id="${id}"]`);
  const press = async (id: string, name: RegExp) => {
    await at(id).hover();
    await at(id).getByRole('button', { name }).click();
  };
  const [one, two, ...rest] = await order();
  await press(one!, /^Move .* down$/);
  await expect.poll(order).toEqual([two, one, ...rest]);
  await saved(page);
  await press(one!, /^Move .* up$/);
  await press(rest[0]!, /^Move .* up$/);
  const moved = [one, rest[0], two, ...rest.slice(1)];
  await expect.poll(order).toEqual(moved);

  await press(two!, /^Delete /);
  await expect(at(two!)).toHaveCount(0);
  await saved(page);
  expect(await savedNotebook(page, person, first!.path)).not.toContain(two!.slice('cell-'.length));
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(order).toEqual(moved);
  await expect(page.getByText('A cell was deleted.')).toBeHidden();

  const text = page.getByRole('region', { name: /^Text cell/ }).first();
  const id = await text.getAttribute('id');
  await text.click();
  await text.getByRole('button', { name: /^Edit text cell/ }).click();
  await at(id!).getByRole('textbox').fill('## Mine now\n\nWith $x^2$ and **weight**.');
  await page.keyboard.press('Shift+Enter');
  await expect(at(id!).getByRole('heading', { name: 'Mine now' })).toBeVisible();
  await expect(at(id!).locator('.katex').first()).toBeVisible();
  await saved(page);
  await page.reload();
  await expect(at(id!).getByRole('heading', { name: 'Mine now' })).toBeVisible();
  expect(await order()).toEqual(moved);
});

/** A cell that comes with this output. */
const cellWith = (html: string) => ({ cell_type: 'code', id: 'made', metadata: {}, source: 'show()', execution_count: 1, outputs: [{ output_type: 'display_data', data: { 'text/html': html }, metadata: {} }] });

// Seen to fail with every saved output taken for the reader's own.
test('T14 scripts in an output that came with the lesson wait for a click', async ({ learner: { page, person }, site }) => {
  const slug = await addCourse([cellWith('<p id=made></p><script>document.getElementById("made").textContent = "by a script"</script>')]);
  await enrol(person, slug);
  await page.goto(`${site}/courses/${slug}/one`);
  const output = outputOf(codeCell(page));
  await expect(output).toContainText('This output came with the lesson and has scripts.');
  // Still so once the learner's own copy of the notebook is there.
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 90_000 });
  await expect(output.locator('iframe')).toHaveCount(0);
  await output.getByRole('button', { name: 'Show it' }).click();
  await expect(output.frameLocator('iframe').getByText('by a script')).toBeVisible();
});

test('a server about to be stopped for idleness says so, and its learner keeps it', async ({ learner: { page, person }, site }) => {
  await ranLesson({ page, person }, site);
  const row = async () => (await sql<{ id: string; workspace: string; kept: boolean; warned: boolean }>(
    `SELECT s.id, s.workspace_id AS workspace, kept_at IS NOT NULL AS kept, warned_at IS NOT NULL AS warned FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state = 'running'`,
    [person.id],
  ))[0]!;
  const warning = page.getByText('Are you still there?');
  // As the controller writes it. What it still hears of the server's last run may take it back, and then it is written again.
  const { id, workspace } = await row();
  await expect(async () => {
    await sql(`UPDATE server SET active_at = now() - interval '29 minutes', claimed_at = now() - interval '29 minutes', warned_at = now() WHERE id = $1`, [id]);
    await announce(id, workspace);
    await expect(warning).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  await expect(page.getByRole('timer')).toContainText(/will be stopped in \d+ (seconds|minutes)/);
  await page.getByRole('button', { name: 'Keep my server' }).click();
  await expect(warning).toBeHidden();
  await expect.poll(row).toMatchObject({ id, kept: true, warned: false });

  // Who is as old as a server may get cannot be kept, and offers no button that would not help.
  await sql(`UPDATE server SET claimed_at = now() - interval '11 hours 59 minutes', warned_at = now() WHERE id = $1`, [id]);
  await announce(id, workspace);
  await expect(page.getByText('Your server has run as long as one may')).toBeVisible();
  await expect(page.getByRole('timer')).toContainText(/will be stopped in \d+ (seconds|minutes)/);
  await expect(page.getByRole('button', { name: 'Keep my server' })).toHaveCount(0);
});

test('who waits in the queue reads the place and how long it may take, and a cell that was run meanwhile runs as soon as the server is there', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  // A place in the queue that is not served before the test says so.
  const [workspace] = await sql<{ id: string }>(`INSERT INTO workspace (key, user_id, course_id) SELECT $1, $2, id FROM course WHERE slug = $3 RETURNING id`, [makeKey(), person.id, course]);
  const [server] = await sql<{ id: string }>(`INSERT INTO server (profile, state, workspace_id, retry_at) VALUES ('default', 'requested', $1, now() + interval '1 hour') RETURNING id`, [workspace!.id]);
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const waiting = page.getByRole('status').filter({ hasText: 'Waiting for a place' });
  await expect(waiting).toContainText(/Place \d+ in the queue/);
  await expect(waiting).toContainText(/About \d+ (seconds|minutes) to go/);
  const cell = codeCell(page);
  await start(page, cell, 'print("after the queue")');
  await expect(cell).toContainText('Waiting to run');
  await sql('UPDATE server SET retry_at = NULL WHERE id = $1', [server!.id]);
  await announce(server!.id, workspace!.id);
  await expect(outputOf(cell)).toContainText('after the queue', { timeout: 90_000 });
  await ran(cell);
  await expect(waiting).toBeHidden();
});

// Seen to fail before: the page did not know its workspace, and what was typed was neither saved nor kept.
test('who has as many servers as one may have is told which, writes on and is saved, and gets one when another is stopped', async ({ learner: { page, person }, site }) => {
  await enrol(person);
  const [first] = await lessons();
  const others = [await addCourse([]), await addCourse([])];
  for (const slug of others) {
    await sql(
      `WITH w AS (INSERT INTO workspace (key, user_id, course_id) SELECT $1, $2, id FROM course WHERE slug = $3 RETURNING id)
       INSERT INTO server (profile, state, workspace_id, retry_at) SELECT 'default', 'requested', id, now() + interval '1 hour' FROM w`,
      [makeKey(), person.id, slug],
    );
  }
  await page.goto(`${site}/courses/${course}/${first!.slug}`);
  const refused = page.getByRole('alert').filter({ hasText: 'No server for now' });
  await expect(refused).toContainText('You already have 2 servers running');
  for (const slug of others) await expect(refused).toContainText(slug);
  const cell = codeCell(page);
  await write(page, cell, 'print("written", "without a server")');
  await saved(page);
  await page.reload();
  await expect(cell).toContainText('without a server');
  await expect(refused).toBeVisible();

  await sql(`UPDATE server SET desired = 'stop', reason = 'requested' WHERE workspace_id IN (SELECT w.id FROM workspace w JOIN course c ON c.id = w.course_id WHERE w.user_id = $1 AND c.slug = ANY($2))`, [person.id, others]);
  const live = () => sql(`SELECT 1 FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state NOT IN ('stopped', 'failed')`, [person.id]);
  await expect.poll(async () => (await live()).length, { timeout: 60_000 }).toBe(0);
  await refused.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 90_000 });
  await run(cell);
  await expect(outputOf(cell)).toContainText('written without a server', { timeout: 90_000 });
});
