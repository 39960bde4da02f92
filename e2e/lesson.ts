import { createHash, randomBytes } from 'node:crypto';
import { expect, type Locator, type Page } from '@playwright/test';
import type { ServerRef } from '../lib/core/servers/server.ts';
import type { Visitor } from './fixtures.ts';
import { sql, type Person } from './people.ts';

/** The demonstration course. */
export const course = 'python-basics';

/** Enrols the person in a course; the demonstration course unless said otherwise. */
export async function enrol({ id }: Pick<Person, 'id'>, slug = course): Promise<void> {
  await sql('INSERT INTO enrolment (user_id, course_id) SELECT $1, id FROM course WHERE slug = $2 ON CONFLICT DO NOTHING', [id, slug]);
}

/** A course of its own whose one lesson, `one`, has these cells. @returns its slug */
export async function addCourse(cells: object[]): Promise<string> {
  const slug = `made-${randomBytes(4).toString('hex')}`;
  const bytes = Buffer.from(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { made: slug }, cells }));
  const sha256 = createHash('sha256').update(bytes).digest();
  await sql('INSERT INTO blob (sha256, size) VALUES ($1, $2)', [sha256, bytes.length]);
  await sql(`INSERT INTO blob_chunk (sha256, position, encoding, bytes) VALUES ($1, 0, 'identity', $2)`, [sha256, bytes]);
  await sql(
    `WITH c AS (INSERT INTO course (slug, title, published_at) VALUES ($1, $1, now()) RETURNING id),
          m AS (INSERT INTO module (course_id, title, position) SELECT id, 'M', 0 FROM c RETURNING id),
          l AS (INSERT INTO lesson (module_id, slug, title, position, path) SELECT id, 'one', 'One', 0, 'one.ipynb' FROM m RETURNING id)
     INSERT INTO lesson_version (lesson_id, number, notebook_sha256) SELECT id, 1, $2 FROM l`,
    [slug, sha256],
  );
  await sql('UPDATE lesson l SET current_version_id = v.id FROM lesson_version v JOIN lesson o ON o.id = v.lesson_id JOIN module m ON m.id = o.module_id JOIN course c ON c.id = m.course_id WHERE l.id = o.id AND c.slug = $1', [slug]);
  return slug;
}

/** The demonstration course's lessons in their order. */
export const lessons = () =>
  sql<{ id: string; slug: string; title: string; path: string }>('SELECT l.id, l.slug, l.title, l.path FROM lesson l JOIN module m ON m.id = l.module_id JOIN course c ON c.id = m.course_id WHERE c.slug = $1 ORDER BY m.position, l.position', [course]);

/** Enrols the person and goes to a lesson of the demonstration course; the first one unless said otherwise. */
export async function openLesson({ page, person }: Pick<Visitor, 'page' | 'person'>, site: string, lesson = 0): Promise<void> {
  await enrol(person);
  await page.goto(`${site}/courses/${course}/${(await lessons())[lesson]!.slug}`);
  await expect(page.getByRole('toolbar', { name: 'Notebook' })).toBeVisible();
}

/** The nth code cell of the page. */
export const codeCell = (page: Page, n = 0): Locator => page.getByRole('region', { name: /^Code cell/ }).nth(n);

export const outputOf = (cell: Locator): Locator => cell.getByRole('group', { name: /^Output of/ });

export const run = (cell: Locator) => cell.getByRole('button', { name: /^Run / }).click();

/** Waits until the cell has run; a first run may have to wait for a server. */
export const ran = (cell: Locator) => expect(cell).toHaveAttribute('data-run', 'done', { timeout: 60_000 });

/** A new code cell at the end of the lesson with this code in it. */
export async function addCodeCell(page: Page, code: string): Promise<Locator> {
  await page.getByRole('button', { name: 'Add a code cell' }).click();
  const cell = page.getByRole('region', { name: /^Code cell/ }).last();
  const editor = cell.locator('.cm-content');
  await expect(editor).toBeFocused();
  // As one paste: typed line by line the editor would indent by itself.
  await page.keyboard.insertText(code);
  return cell;
}

/** Opens the first lesson, runs its first cell and waits until that is saved. @returns the lesson */
export async function ranLesson(learner: Pick<Visitor, 'page' | 'person'>, site: string) {
  await openLesson(learner, site);
  await run(codeCell(learner.page));
  await ran(codeCell(learner.page));
  await saved(learner.page);
  return (await lessons())[0]!;
}

/** Puts this code into the cell. */
export async function write(page: Page, cell: Locator, code: string): Promise<void> {
  await cell.getByRole('textbox').click();
  await expect(cell.locator('.cm-editor')).toBeVisible();
  await cell.locator('.cm-content').focus();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(code);
}

/** Waits until the page says that everything is saved. */
export const saved = (page: Page) => expect(page.locator('[data-save]')).toHaveAttribute('data-save', 'saved', { timeout: 30_000 });

/** The learner's notebook as it is in the database; asked from within the page, for Node resolves no *.localhost. */
export async function savedNotebook(page: Page, person: Person, path: string): Promise<string> {
  const [workspace] = await sql<{ id: string }>('SELECT id FROM workspace WHERE user_id = $1', [person.id]);
  return page.evaluate(async (address) => (await fetch(address)).text(), `/api/workspaces/${workspace?.id}/files/${path}`);
}

/** What this browser keeps of work the site could not take. */
export const keptDrafts = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<unknown[]>((done, fail) => {
        const opening = indexedDB.open('lectern', 1);
        opening.onerror = () => fail(opening.error);
        opening.onsuccess = () => {
          const all = opening.result.transaction('drafts').objectStore('drafts').getAll();
          all.onsuccess = () => (opening.result.close(), done(all.result));
        };
      }),
  );

/** The numbers of the lines `line 0`, `line 1` and so on that the cell shows. */
export const linesOf = async (cell: Locator): Promise<number[]> => [...(await outputOf(cell).innerText()).matchAll(/line (\d+)/g)].map(([, number]) => Number(number));

/** A learner at whose lesson a cell counts: it has shown the first lines. */
export async function startCounting(learner: Visitor, site: string, code: string): Promise<{ cell: Locator; server: LiveServer | undefined }> {
  await openLesson(learner, site);
  const cell = await addCodeCell(learner.page, code);
  await run(cell);
  await expect(outputOf(cell)).toContainText('line 3', { timeout: 60_000 });
  return { cell, server: await liveServer(learner.person) };
}

export type LiveServer = ServerRef & { state: string; instance: string };

/** The live servers of the person, as their rows name them. */
export const liveServers = ({ id }: Pick<Person, 'id'>) =>
  sql<LiveServer>("SELECT s.id, s.generation, s.state, s.instance FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state NOT IN ('stopped', 'failed')", [id]);

/** The server the person's workspace has now. */
export const liveServer = async (person: Pick<Person, 'id'>): Promise<LiveServer | undefined> => (await liveServers(person))[0];
