import { expect, type Locator, type Page } from '@playwright/test';
import { sql, type Person } from './people.ts';

export const course = 'python-basics';

/** Enrols the person in the demonstration course. */
export async function enrol({ id }: Person): Promise<void> {
  await sql('INSERT INTO enrolment (user_id, course_id) SELECT $1, id FROM course WHERE slug = $2 ON CONFLICT DO NOTHING', [id, course]);
}

/** The course's lessons in order. */
export const lessons = () =>
  sql<{ slug: string; title: string; path: string }>('SELECT l.slug, l.title, l.path FROM lesson l JOIN module m ON m.id = l.module_id JOIN course c ON c.id = m.course_id WHERE c.slug = $1 ORDER BY m.position, l.position', [course]);

/** The nth code cell of the page. */
export const codeCell = (page: Page, n = 0): Locator => page.getByRole('region', { name: /^Code cell/ }).nth(n);

export const outputOf = (cell: Locator): Locator => cell.getByRole('group', { name: /^Output of/ });

/** Waits until the cell has run; a first run may have to wait for a server. */
export const ran = (cell: Locator) => expect(cell).toHaveAttribute('data-run', 'done', { timeout: 60_000 });

export const run = (cell: Locator) => cell.getByRole('button', { name: /^Run Code cell/ }).click();

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

/** The live servers of the person. */
export const liveServers = ({ id }: Person) =>
  sql<{ id: string; state: string; instance: string }>("SELECT s.id, s.state, s.instance FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state NOT IN ('stopped', 'failed')", [id]);
