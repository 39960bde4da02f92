import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import { accessTo, makeLessonAccess } from '../../core/courses/access.ts';
import { arrangementOf, moveLesson, type NewCourse } from '../../core/courses/authoring.ts';
import type { LessonId, Sha256, UserId } from '../../core/ids.ts';
import type { Actor } from '../../core/users/actor.ts';
import { makeCourseAuthoring } from './courses-authoring.ts';
import { makeCourseStore } from './courses.ts';
import { makeDatabase, makePool, type Database } from './database.ts';

let made: Awaited<ReturnType<typeof makeTestDatabase>>;
let pool: pg.Pool;
let database: Database;

beforeAll(async () => {
  made = await makeTestDatabase();
  pool = makePool(made.url);
  database = makeDatabase(pool);
});
afterAll(async () => {
  await pool?.end();
  await made?.drop();
});

const anyHash = () => randomBytes(32).toString('hex') as Sha256;

async function anyUser(role: 'user' | 'instructor' | 'admin' = 'user'): Promise<Actor> {
  const email = `${randomBytes(6).toString('hex')}@example.org`;
  const { rows } = await pool.query<{ id: UserId }>('INSERT INTO "user" (email, role) VALUES ($1, $2) RETURNING id', [email, role]);
  return { id: rows[0]!.id, session: 's' as Actor['session'], role, name: 'Any', email };
}

const anyCourse = (): NewCourse => ({
  slug: `course-${randomBytes(4).toString('hex')}`,
  title: 'Any course',
  summary: '',
  modules: [
    { title: 'One', lessons: [{ slug: 'a', title: 'A', path: '1/a.ipynb', notebook: anyHash(), assets: [{ path: '1/x.csv', sha256: anyHash(), size: 3 }] }, { slug: 'b', title: 'B', path: '1/b.ipynb', notebook: anyHash(), assets: [] }] },
    { title: 'Two', lessons: [{ slug: 'c', title: 'C', path: '2/c.ipynb', notebook: anyHash(), assets: [] }] },
  ],
});

test('a new course is a draft: its author sees it, learners do not, until it is published', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const [author, learner] = [await anyUser('instructor'), await anyUser()];
  const { id, slug } = await authoring.create(author.id, anyCourse());
  const access = makeLessonAccess({ courses });

  expect((await courses.catalogue()).map((card) => card.id)).not.toContain(id);
  expect((await courses.catalogue({ for: author.id })).map((card) => card.id)).toContain(id);
  expect(await courses.lesson(slug, 'a')).toBeUndefined();
  await courses.enrol(learner.id, id);
  expect(await access.bySlug(learner, slug, 'a')).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(await access.bySlug(author, slug, 'a')).toMatchObject({ ok: true, value: { access: 'author', path: '1/a.ipynb' } });

  await authoring.setPublished(id, true);
  expect(await access.bySlug(learner, slug, 'a')).toMatchObject({ ok: true, value: { access: 'learner', version: { number: 1 } } });
  await authoring.setPublished(id, false);
  expect(await access.bySlug(learner, slug, 'a')).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
});

test('a lesson opens for the enrolled only; a stranger is told to enrol, a guest to sign in', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const { id, slug } = await authoring.create((await anyUser('instructor')).id, anyCourse());
  await authoring.setPublished(id, true);
  const lesson = await courses.lesson(slug, 'c');
  const access = makeLessonAccess({ courses });

  expect(await access.byId(undefined, lesson!.id)).toMatchObject({ ok: false, refusal: { code: 'unauthenticated' } });
  expect(await access.byId(await anyUser('instructor'), lesson!.id)).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
  expect(await access.byId(await anyUser('admin'), lesson!.id)).toMatchObject({ ok: true });
  expect(await access.byId(await anyUser(), 'not-a-uuid' as LessonId)).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
});

test('enrolling twice keeps the first role', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const author = await anyUser('instructor');
  const { id } = await authoring.create(author.id, anyCourse());
  await courses.enrol(author.id, id);
  expect(await courses.role(author.id, id)).toBe('instructor');
  expect(accessTo(author, await courses.role(author.id, id))).toBe('author');
});

test('what was completed stays completed when it is opened again, and the course remembers the last lesson', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const learner = await anyUser();
  const { id, slug } = await authoring.create((await anyUser('instructor')).id, anyCourse());
  await authoring.setPublished(id, true);
  await courses.enrol(learner.id, id);
  const [a, b] = (await courses.outline(slug))!.modules[0]!.lessons;

  await courses.setProgress(learner.id, a!.id, 'completed');
  await courses.setProgress(learner.id, b!.id, 'opened');
  await courses.setProgress(learner.id, a!.id, 'opened');

  expect(await courses.progress(learner.id, id)).toEqual(new Map([[a!.id, 'completed'], [b!.id, 'opened']]));
  expect(await courses.mine(learner.id)).toMatchObject([{ slug, completed: 1, lessons: 3, last: { slug: 'a' } }]);
});

test('two courses of one name get two addresses, also when made at once', async () => {
  const authoring = makeCourseAuthoring(database);
  const author = await anyUser('instructor');
  const course = anyCourse();
  const made = await Promise.all([1, 2, 3].map(() => authoring.create(author.id, course)));
  expect(new Set(made.map(({ slug }) => slug))).toEqual(new Set([course.slug, `${course.slug}-2`, `${course.slug}-3`]));
  expect(await authoring.edit(made[0]!.id, { title: 'T', summary: '', slug: made[1]!.slug })).toBe('slug_taken');
});

test('an order made from an old view of the course is refused, and a good one holds', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const { id, slug } = await authoring.create((await anyUser('instructor')).id, anyCourse());
  const before = (await courses.outline(slug))!;
  const b = before.modules[0]!.lessons[1]!.id;

  expect(await authoring.arrange(id, moveLesson(arrangementOf(before), b, 'down')!)).toBe('arranged');
  expect((await courses.outline(slug))!.modules.map((module) => module.lessons.map((lesson) => lesson.slug))).toEqual([['a'], ['b', 'c']]);

  await authoring.removeLesson(id, b);
  expect(await authoring.arrange(id, arrangementOf(before))).toBe('stale');
});

// Seen to fail, each, without the course in the statements that rename and remove, and with any arrangement taken.
test('T26 the author of one course changes nothing of another', async () => {
  const [courses, authoring] = [makeCourseStore(database), makeCourseAuthoring(database)];
  const mine = await authoring.create((await anyUser('instructor')).id, anyCourse());
  const theirs = await authoring.create((await anyUser('instructor')).id, anyCourse());
  const before = (await courses.outline(theirs.slug))!;
  const victim = before.modules[0]!;

  await authoring.renameModule(mine.id, victim.id, 'taken');
  await authoring.renameLesson(mine.id, victim.lessons[0]!.id, 'taken');
  await authoring.removeLesson(mine.id, victim.lessons[0]!.id);
  expect(await authoring.arrange(mine.id, arrangementOf(before))).toBe('stale');
  expect(await courses.outline(theirs.slug)).toEqual(before);
});
