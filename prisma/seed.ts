import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type pg from 'pg';
import { readFolder } from '../lib/adapters/archive/folder.ts';
import { importsInPlace } from '../lib/adapters/workers/notebooks.ts';
import { makeCourseImport } from '../lib/core/courses/import/import.ts';
import type { CourseAuthoring } from '../lib/core/courses/authoring.ts';
import type { CourseStore } from '../lib/core/courses/course.ts';
import type { UserId } from '../lib/core/ids.ts';
import type { SiteRole } from '../lib/core/users/actor.ts';
import type { Passwords } from '../lib/core/users/person.ts';
import type { BlobStore } from '../lib/core/workspaces/blobs.ts';

export type SeedDeps = {
  pool: pg.Pool;
  blobs: BlobStore;
  courses: Pick<CourseStore, 'outline'>;
  authoring: CourseAuthoring;
  passwords: Pick<Passwords, 'hash'>;
};

/** A demonstration person made just now. The password is nowhere else: print it or lose it. */
export type DemoSignIn = { role: SiteRole; email: string; password: string };

const PEOPLE: { role: SiteRole; email: string; name: string }[] = [
  { role: 'user', email: 'learner@example.org', name: 'Lena Learner' },
  { role: 'instructor', email: 'instructor@example.org', name: 'Ines Instructor' },
  { role: 'admin', email: 'admin@example.org', name: 'Ada Admin' },
];

const COURSE = 'python-basics';

/**
 * Brings the demonstration people and course into a database that lacks them. May be called at every start: who is there
 * keeps their password, and a course of that address is left alone.
 * @returns the people it made
 */
export async function seedDemonstration(deps: SeedDeps): Promise<DemoSignIn[]> {
  const made: DemoSignIn[] = [];
  for (const person of PEOPLE) {
    const password = anyPassword();
    if (await addPerson(deps, person, password)) made.push({ role: person.role, email: person.email, password });
  }
  if (!(await deps.courses.outline(COURSE))) await importCourse(deps);
  return made;
}

async function addPerson({ pool, passwords }: SeedDeps, { email, name, role }: (typeof PEOPLE)[number], password: string): Promise<boolean> {
  const { rowCount: there } = await pool.query('SELECT 1 FROM "user" WHERE email = $1', [email]);
  if (there) return false;
  const { rowCount } = await pool.query(
    'INSERT INTO "user" (email, name, role, email_verified, password_hash) VALUES ($1, $2, $3, now(), $4) ON CONFLICT DO NOTHING',
    [email, name, role, await passwords.hash(password)],
  );
  return rowCount === 1;
}

async function importCourse({ pool, blobs, authoring }: SeedDeps): Promise<void> {
  const { rows } = await pool.query<{ id: UserId }>('SELECT id FROM "user" WHERE email = $1', [PEOPLE[1]!.email]);
  const upload = await readFolder(join(import.meta.dirname, 'courses', COURSE));
  const imported = await makeCourseImport({ blobs, authoring, notebooks: importsInPlace }).run(upload, rows[0]!.id);
  if (!imported.ok) throw new Error(`the demonstration course is refused: ${imported.refusal.say}`);
  await authoring.setPublished(imported.value.id, true);
}

/** No letters or digits that look alike; three groups of five from 56 signs: about 87 bits. */
function anyPassword(): string {
  const signs = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const group = () => Array.from({ length: 5 }, () => signs[randomInt(signs.length)]).join('');
  return [group(), group(), group()].join('-');
}
