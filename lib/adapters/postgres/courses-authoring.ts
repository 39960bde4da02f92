import type { Arrangement, CourseAuthoring, NewCourse, NewLesson } from '../../core/courses/authoring.ts';
import type { CourseCard } from '../../core/courses/course.ts';
import { freeSlug } from '../../core/courses/slug.ts';
import type { CourseId, UserId } from '../../core/ids.ts';
import { isTaken, isUuid, type Database, type Query } from './database.ts';

/** Authoring by plain SQL. */
export function makeCourseAuthoring({ query, transaction }: Database): CourseAuthoring {
  return {
    async taught(by) {
      return await query<CourseCard>(
        `SELECT c.id, c.slug, c.title, c.summary, c.published_at IS NOT NULL AS published,
                (SELECT count(*)::int FROM lesson l JOIN module m ON m.id = l.module_id WHERE m.course_id = c.id) AS lessons
         FROM course c
         WHERE $1::uuid IS NULL
            OR EXISTS (SELECT 1 FROM enrolment e WHERE e.course_id = c.id AND e.user_id = $1 AND e.role = 'instructor')
         ORDER BY c.created_at DESC, c.id`,
        [by === 'all' ? null : by],
      );
    },

    create: (author, course) => transaction((query) => insertCourse(query, author, course)),

    async edit(course, { title, summary, slug }) {
      try {
        await query('UPDATE course SET title = $2, summary = $3, slug = $4 WHERE id = $1', [course, title, summary, slug]);
        return 'edited';
      } catch (error) {
        if (isTaken(error, 'course_slug_key')) return 'slug_taken';
        throw error;
      }
    },

    async renameModule(course, module, title) {
      if (!isUuid(module)) return;
      await query('UPDATE module SET title = $3 WHERE id = $2 AND course_id = $1', [course, module, title]);
    },

    async renameLesson(course, lesson, title) {
      if (!isUuid(lesson)) return;
      await query('UPDATE lesson l SET title = $3 FROM module m WHERE m.id = l.module_id AND l.id = $2 AND m.course_id = $1', [course, lesson, title]);
    },

    arrange: (course, order) => transaction((query) => arrange(query, course, order)),

    async removeLesson(course, lesson) {
      if (!isUuid(lesson)) return;
      await query('DELETE FROM lesson l USING module m WHERE m.id = l.module_id AND l.id = $2 AND m.course_id = $1', [course, lesson]);
    },

    async profile(course) {
      return (await query<{ profile: string | null }>('SELECT profile FROM course WHERE id = $1', [course]))[0]?.profile ?? undefined;
    },

    async setProfile(course, profile) {
      await query('UPDATE course SET profile = $2 WHERE id = $1', [course, profile ?? null]);
    },

    async setPublished(course, published) {
      await transaction(async (query) => {
        await query('UPDATE course SET published_at = CASE WHEN $2 THEN COALESCE(published_at, now()) END WHERE id = $1', [course, published]);
        if (!published) return;
        await query(
          `UPDATE lesson l SET current_version_id = (SELECT v.id FROM lesson_version v WHERE v.lesson_id = l.id ORDER BY v.number DESC LIMIT 1)
           FROM module m WHERE m.id = l.module_id AND m.course_id = $1`,
          [course],
        );
      });
    },
  };
}

async function insertCourse(query: Query, author: UserId, course: NewCourse): Promise<{ id: CourseId; slug: string }> {
  // Two imports of the same name at once would both find the slug free; they take turns.
  await query("SELECT pg_advisory_xact_lock(hashtext('course.slug'))");
  const taken = await query<{ slug: string }>('SELECT slug FROM course');
  const slugs = new Set(taken.map((row) => row.slug));
  const slug = freeSlug(course.slug, (candidate) => slugs.has(candidate));
  const id = await insert<CourseId>(query, 'INSERT INTO course (slug, title, summary, created_by_id) VALUES ($1, $2, $3, $4) RETURNING id', [slug, course.title, course.summary, author]);
  await query("INSERT INTO enrolment (user_id, course_id, role) VALUES ($1, $2, 'instructor')", [author, id]);
  for (const [position, module] of course.modules.entries()) {
    const moduleId = await insert<string>(query, 'INSERT INTO module (course_id, title, position) VALUES ($1, $2, $3) RETURNING id', [id, module.title, position]);
    for (const [place, lesson] of module.lessons.entries()) await insertLesson(query, moduleId, place, lesson);
  }
  return { id, slug };
}

async function insertLesson(query: Query, module: string, position: number, lesson: NewLesson): Promise<void> {
  const id = await insert<string>(query, 'INSERT INTO lesson (module_id, slug, title, position, path) VALUES ($1, $2, $3, $4, $5) RETURNING id', [
    module, lesson.slug, lesson.title, position, lesson.path,
  ]);
  await query("INSERT INTO lesson_version (lesson_id, number, notebook_sha256, assets) VALUES ($1, 1, decode($2, 'hex'), $3)", [
    id, lesson.notebook, JSON.stringify(lesson.assets),
  ]);
}

async function insert<Id>(query: Query, sql: string, values: unknown[]): Promise<Id> {
  const [row] = await query<{ id: Id }>(sql, values);
  return row!.id;
}

async function arrange(query: Query, course: CourseId, order: Arrangement): Promise<'arranged' | 'stale'> {
  const modules = await query<{ id: string }>('SELECT id FROM module WHERE course_id = $1 FOR UPDATE', [course]);
  const lessons = await query<{ id: string }>('SELECT l.id FROM lesson l JOIN module m ON m.id = l.module_id WHERE m.course_id = $1 FOR UPDATE OF l', [course]);
  const named = order.flatMap((module) => module.lessons);
  if (!sameMembers(order.map(({ module }) => module), modules) || !sameMembers(named, lessons)) return 'stale';
  for (const [position, { module, lessons: ids }] of order.entries()) {
    await query('UPDATE module SET position = $2 WHERE id = $1', [module, position]);
    await query(
      'UPDATE lesson l SET module_id = $1, position = p.place - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS p (id, place) WHERE l.id = p.id',
      [module, ids],
    );
  }
  return 'arranged';
}

function sameMembers(names: string[], rows: { id: string }[]): boolean {
  const known = new Set(rows.map((row) => row.id));
  return names.length === rows.length && new Set(names).size === names.length && names.every((name) => known.has(name));
}
