import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stack } from '../../e2e/stack.ts';
import { readConfig } from '../../lib/config/config.ts';
import { cookieNames } from '../../lib/core/auth/cookies.ts';
import type { LessonId, SessionId, UserId } from '../../lib/core/ids.ts';
import { makeHub } from '../../lib/hub.ts';
import { sealSession } from '../../lib/web/session-cookie.ts';

/** Somebody who is signed in and enrolled, and the lesson they go to. */
export type Learner = { name: string; id: UserId; cookie: string; lesson: LessonId; path: string; /** Of the lesson. */ page: string };

/** The database of a stack and its keys, seen as one of its programs sees them. */
export function hubOf({ site, stateDir, databaseUrl }: Pick<Stack, 'site' | 'stateDir' | 'databaseUrl'>) {
  const { config, secrets } = readConfig({ LECTERN_SITE_URL: site, LECTERN_STATE_DIR: stateDir, DATABASE_URL: databaseUrl, LECTERN_SECRET: readFileSync(join(stateDir, 'secret'), 'utf8').trim(), LECTERN_LOG_LEVEL: 'fatal' });
  return { hub: makeHub(config, secrets), keys: secrets.keys };
}

export type DrillHub = ReturnType<typeof hubOf>;

/** So many learners of the demonstration course, each in a session of their own. */
export async function enrolLearners({ hub, keys }: DrillHub, count: number): Promise<Learner[]> {
  const [lesson] = await hub.database.query<{ id: LessonId; course: string; path: string; page: string }>(
    `SELECT l.id, m.course_id AS course, l.path, '/courses/' || c.slug || '/' || l.slug AS page
     FROM lesson l JOIN module m ON m.id = l.module_id JOIN course c ON c.id = m.course_id ORDER BY c.slug, m.position, l.position LIMIT 1`,
  );
  const learners: Learner[] = [];
  for (let n = 0; n < count; n += 1) {
    const [user] = await hub.database.query<{ id: UserId }>('INSERT INTO "user" (email, name, email_verified) VALUES ($1, $2, now()) RETURNING id', [`drill-${n}-${randomUUID()}@example.org`, `Learner ${n}`]);
    const [session] = await hub.database.query<{ id: SessionId }>(`INSERT INTO session (session_token, user_id, expires) VALUES ($1, $2, now() + interval '1 day') RETURNING id`, [randomUUID(), user!.id]);
    await hub.database.query('INSERT INTO enrolment (user_id, course_id) VALUES ($1, $2)', [user!.id, lesson!.course]);
    const cookie = `${cookieNames.sessionToken}=${await sealSession({ sub: user!.id, sid: session!.id }, keys)}`;
    learners.push({ name: `learner ${n}`, id: user!.id, cookie, lesson: lesson!.id, path: lesson!.path, page: lesson!.page });
  }
  return learners;
}
