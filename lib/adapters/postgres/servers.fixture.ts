import { randomBytes, randomUUID } from 'node:crypto';
import type { CourseId, UserId, WorkspaceId } from '../../core/ids.ts';
import type { Profile, ServerRef } from '../../core/servers/server.ts';
import type { Epoch, ServerStore } from '../../core/servers/store.ts';
import type { Database } from './database.ts';

export const testProfile: Profile = {
  name: 'default', cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 28, processes: 150, lifetimeMs: 12 * 3_600_000, idleMs: 30 * 60_000, poolFloor: 1, startDeadlineMs: 180_000,
};

/** A learner with a workspace; in a course of its own unless one is given. */
export async function addWorkspace({ query }: Database, given: { user?: UserId; course?: CourseId } = {}): Promise<{ id: WorkspaceId; user: UserId; course: CourseId }> {
  const user = given.user ?? (await one<UserId>(query, `INSERT INTO "user" (email) VALUES ($1) RETURNING id`, [`${randomUUID()}@example.org`]));
  const course = given.course ?? (await one<CourseId>(query, `INSERT INTO course (slug, title) VALUES ($1, $1) RETURNING id`, [`course-${randomUUID().slice(0, 8)}`]));
  const id = await one<WorkspaceId>(query, `INSERT INTO workspace (key, user_id, course_id) VALUES ($1, $2, $3) RETURNING id`, [`k${randomBytes(10).toString('hex').slice(0, 19)}`, user, course]);
  return { id, user, course };
}

const one = async <Id>(query: Database['query'], sql: string, parameters: unknown[]) => (await query<{ id: Id }>(sql, parameters))[0]!.id;

/** A row of the pool that stands ready, without any server behind it. */
export async function addWarm(store: ServerStore, epoch: Epoch, profile = testProfile.name): Promise<ServerRef> {
  const added = await store.addWarming({ ...testProfile, name: profile }, epoch);
  if (added === 'fenced') throw new Error('the epoch does not lead');
  await store.move(added.ref, 'warming', { to: 'warm', address: { kind: 'unix', path: `/tmp/${added.ref.id}` }, instance: `i${added.ref.generation}` }, epoch);
  return added.ref;
}
