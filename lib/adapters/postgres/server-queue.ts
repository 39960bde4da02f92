import type { CourseId, ServerId } from '../../core/ids.ts';
import { admissionOrder, estimate, type LastServed, type Waiting } from '../../core/servers/queue.ts';
import { together } from '../../core/waiting.ts';
import type { Database } from './database.ts';

/** Who waits for a server, and the place and estimate of each. */
export function makeServerQueue({ query }: Database) {
  const queue = async (): Promise<{ waiting: Waiting[]; lastServed: LastServed }> => {
    const found = await query<{ id: ServerId; generation: number; profile: string; course: CourseId; created_at: Date; retry_at: Date | null; served: Date | null }>(
      `SELECT s.id, s.generation, s.profile, w.course_id AS course, s.created_at, s.retry_at,
              (SELECT max(a.admitted_at) FROM server a JOIN workspace aw ON aw.id = a.workspace_id
               WHERE a.state NOT IN ('stopped', 'failed') AND aw.course_id = w.course_id) AS served
       FROM server s JOIN workspace w ON w.id = s.workspace_id WHERE s.state = 'requested' AND s.desired = 'run'`,
    );
    return {
      waiting: found.map(({ id, generation, profile, course, created_at, retry_at }) => ({ ref: { id, generation }, profile, course, createdAt: created_at, retryAt: retry_at ?? undefined })),
      lastServed: new Map(found.flatMap(({ course, served }) => (served ? [[course, served] as const] : []))),
    };
  };

  /** A class that asks all at once asks for its places all at once, too. */
  const line = together(async () => {
    const { waiting, lastServed } = await queue();
    const ordered = admissionOrder(waiting, lastServed);
    const formed = waiting.reduce((first, { createdAt }) => (createdAt < first ? createdAt : first), new Date());
    const [pace] = await query<{ age: number; ready: number; usual: Record<string, number> | null }>(
      `SELECT extract(epoch FROM now() - $1::timestamptz)::float8 * 1000 AS age,
              (SELECT count(*) FROM server_event WHERE at > $1 AND state IN ('warm', 'running') AND reason IS NULL) AS ready,
              (WITH last AS MATERIALIZED (SELECT server_id, at, took_ms FROM server_event WHERE state IN ('warm', 'running') AND took_ms IS NOT NULL ORDER BY at DESC LIMIT 200),
                    ranked AS (SELECT s.profile, took_ms, row_number() OVER (PARTITION BY s.profile ORDER BY last.at DESC) AS nth FROM last JOIN server s ON s.id = last.server_id),
                    middle AS (SELECT profile, percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms) AS took_ms FROM ranked WHERE nth <= 20 GROUP BY profile)
               SELECT json_object_agg(profile, took_ms) FROM middle) AS usual`,
      [formed],
    );
    return new Map(ordered.map(({ ref, profile }, index) => {
      const place = index + 1;
      return [ref.id, { place, estimateMs: estimate(place, { queueAgeMs: pace!.age, readySinceQueued: pace!.ready, usualStartMs: pace!.usual?.[profile] }) }];
    }));
  });

  return { queue, place: async (server: ServerId) => (await line()).get(server) };
}
