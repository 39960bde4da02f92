import type { Asset, CourseCard, CourseStore, LessonContent, MyCourse, Outline } from '../../core/courses/course.ts';
import type { CourseId, LessonId, Sha256, UserId } from '../../core/ids.ts';
import { isSlug } from '../../core/courses/slug.ts';
import type { CourseRole } from '../../core/users/actor.ts';
import { isUuid, type Database, type Query } from './database.ts';

type CardRow = { id: CourseId; slug: string; title: string; summary: string; lessons: number; published: boolean };

const CARD = `c.id, c.slug, c.title, c.summary, c.published_at IS NOT NULL AS published,
  (SELECT count(*)::int FROM lesson l JOIN module m ON m.id = l.module_id WHERE m.course_id = c.id) AS lessons`;

const toCard = ({ id, slug, title, summary, lessons, published }: CardRow): CourseCard => ({ id, slug, title, summary, lessons, published });

type LessonRow = {
  id: LessonId; slug: string; title: string; path: string;
  course_id: CourseId; course_slug: string; course_title: string;
  version_id: string; number: number; notebook: string; assets: Asset[];
};

const LESSON = `
  SELECT l.id, l.slug, l.title, l.path, c.id AS course_id, c.slug AS course_slug, c.title AS course_title,
         v.id AS version_id, v.number, encode(v.notebook_sha256, 'hex') AS notebook, v.assets
  FROM lesson l
  JOIN module m ON m.id = l.module_id
  JOIN course c ON c.id = m.course_id
  JOIN lesson_version v ON v.id = COALESCE(l.current_version_id,
    CASE WHEN $1::boolean THEN (SELECT n.id FROM lesson_version n WHERE n.lesson_id = l.id ORDER BY n.number DESC LIMIT 1) END)
  WHERE ($1::boolean OR c.published_at IS NOT NULL)`;

const toLesson = (row: LessonRow): LessonContent => ({
  id: row.id,
  course: { id: row.course_id, slug: row.course_slug, title: row.course_title },
  slug: row.slug,
  title: row.title,
  path: row.path,
  version: { id: row.version_id, number: row.number, notebook: row.notebook as Sha256, assets: row.assets },
});

/** Courses by plain SQL, so that every program may have them. */
export function makeCourseStore({ query }: Database): CourseStore {
  return {
    async catalogue({ for: user } = {}) {
      const rows = await query<CardRow>(
        `SELECT ${CARD} FROM course c
         WHERE c.published_at IS NOT NULL
            OR EXISTS (SELECT 1 FROM enrolment e WHERE e.course_id = c.id AND e.user_id = $1::uuid AND e.role IN ('assistant', 'instructor'))
         ORDER BY c.title, c.id`,
        [user ?? null],
      );
      return rows.map(toCard);
    },

    async outline(slug) {
      if (!isSlug(slug)) return undefined;
      const [course] = await query<CardRow>(`SELECT ${CARD} FROM course c WHERE c.slug = $1`, [slug]);
      if (!course) return undefined;
      const modules = await query<Outline['modules'][number]>(
        `SELECT m.id, m.title,
                COALESCE(json_agg(json_build_object('id', l.id, 'slug', l.slug, 'title', l.title, 'path', l.path,
                                                    'published', l.current_version_id IS NOT NULL) ORDER BY l.position, l.id)
                         FILTER (WHERE l.id IS NOT NULL), '[]') AS lessons
         FROM module m LEFT JOIN lesson l ON l.module_id = m.id
         WHERE m.course_id = $1 GROUP BY m.id ORDER BY m.position, m.id`,
        [course.id],
      );
      return { ...toCard(course), modules };
    },

    async lesson(courseSlug, lessonSlug, { drafts } = { drafts: false }) {
      if (!isSlug(courseSlug) || !isSlug(lessonSlug)) return undefined;
      const rows = await query<LessonRow>(`${LESSON} AND c.slug = $2 AND l.slug = $3`, [drafts, courseSlug, lessonSlug]);
      return rows[0] && toLesson(rows[0]);
    },

    async lessonById(id, { drafts } = { drafts: false }) {
      if (!isUuid(id)) return undefined;
      const rows = await query<LessonRow>(`${LESSON} AND l.id = $2`, [drafts, id]);
      return rows[0] && toLesson(rows[0]);
    },

    async role(user, course) {
      if (!isUuid(course)) return undefined;
      const rows = await query<{ role: CourseRole }>('SELECT role FROM enrolment WHERE user_id = $1 AND course_id = $2', [user, course]);
      return rows[0]?.role;
    },

    async enrol(user, course) {
      await query('INSERT INTO enrolment (user_id, course_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [user, course]);
    },

    async progress(user, course) {
      const rows = await query<{ id: LessonId; completed: boolean }>(
        `SELECT l.id, p.completed_at IS NOT NULL AS completed
         FROM lesson_progress p JOIN lesson l ON l.id = p.lesson_id JOIN module m ON m.id = l.module_id
         WHERE p.user_id = $1 AND m.course_id = $2`,
        [user, course],
      );
      return new Map(rows.map(({ id, completed }) => [id, completed ? 'completed' : 'opened']));
    },

    async setProgress(user, lesson, state) {
      await query(
        `INSERT INTO lesson_progress (user_id, lesson_id, opened_at, completed_at) VALUES ($1, $2, now(), CASE WHEN $3 THEN now() END)
         ON CONFLICT (user_id, lesson_id) DO UPDATE
         SET opened_at = excluded.opened_at, completed_at = COALESCE(lesson_progress.completed_at, excluded.completed_at)`,
        [user, lesson, state === 'completed'],
      );
    },

    mine: (user) => coursesOf(query, user),
  };
}

async function coursesOf(query: Query, user: UserId): Promise<MyCourse[]> {
  const rows = await query<CardRow & { role: CourseRole; completed: number; last_id: LessonId | null; last_slug: string | null; last_title: string | null }>(
    `SELECT ${CARD}, e.role, last.id AS last_id, last.slug AS last_slug, last.title AS last_title,
            (SELECT count(*)::int FROM lesson_progress p JOIN lesson l ON l.id = p.lesson_id JOIN module m ON m.id = l.module_id
             WHERE m.course_id = c.id AND p.user_id = e.user_id AND p.completed_at IS NOT NULL) AS completed
     FROM enrolment e
     JOIN course c ON c.id = e.course_id
     LEFT JOIN LATERAL (
       SELECT l.id, l.slug, l.title, p.opened_at FROM lesson_progress p JOIN lesson l ON l.id = p.lesson_id JOIN module m ON m.id = l.module_id
       WHERE m.course_id = c.id AND p.user_id = e.user_id ORDER BY p.opened_at DESC LIMIT 1
     ) last ON true
     WHERE e.user_id = $1 AND (c.published_at IS NOT NULL OR e.role IN ('assistant', 'instructor'))
     ORDER BY COALESCE(last.opened_at, e.created_at) DESC, c.id`,
    [user],
  );
  return rows.map((row) => ({
    ...toCard(row),
    role: row.role,
    completed: row.completed,
    ...(row.last_id !== null && row.last_slug !== null && row.last_title !== null ? { last: { id: row.last_id, slug: row.last_slug, title: row.last_title } } : {}),
  }));
}
