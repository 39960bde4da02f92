import { expect, type Locator, type Page } from '@playwright/test';
import type { Visitor } from './fixtures.ts';
import { sql } from './people.ts';

export const COURSE = 'python-basics';

/** The slugs of the demonstration course's lessons, in their order. */
export async function lessonSlugs(): Promise<string[]> {
  const rows = await sql<{ slug: string }>('SELECT l.slug FROM lesson l JOIN module m ON m.id = l.module_id JOIN course c ON c.id = m.course_id WHERE c.slug = $1 ORDER BY m.position, l.position', [COURSE]);
  return rows.map(({ slug }) => slug);
}

/** Enrols the person and goes to a lesson of the demonstration course; the first one unless said otherwise. */
export async function openLesson({ page, person }: Visitor, site: string, lesson = 0): Promise<void> {
  await sql('INSERT INTO enrolment (user_id, course_id) SELECT $1, id FROM course WHERE slug = $2 ON CONFLICT DO NOTHING', [person.id, COURSE]);
  const slug = (await lessonSlugs())[lesson];
  await page.goto(`${site}/courses/${COURSE}/${slug}`);
  await expect(page.getByRole('toolbar', { name: 'Notebook' })).toBeVisible();
}

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

export const runCell = (cell: Locator) => cell.getByRole('button', { name: /^Run / }).click();
export const outputOf = (cell: Locator) => cell.getByRole('group', { name: /^Output of/ });

/** The process of the server the person's workspace has now, as its row names it. */
export async function liveServer(user: string): Promise<{ id: string; generation: number; state: string } | undefined> {
  const [row] = await sql<{ id: string; generation: number; state: string }>(
    `SELECT s.id, s.generation, s.state FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE w.user_id = $1 AND s.state NOT IN ('stopped', 'failed')`,
    [user],
  );
  return row;
}
