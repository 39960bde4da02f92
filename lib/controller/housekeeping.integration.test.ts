import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeWorld, patient, type World } from './world.fixture.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.end());

const count = async (table: 'blob' | 'revision') => (await world.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`))[0]!.count;
const forget = (what: string) => world.query(`INSERT INTO blob (sha256, size, created_at) VALUES (sha256($1::bytea), 1, now() - interval '2 days')`, [what]);

// Seen to fail with the call of `keepHouse` taken out of the controller.
test('who leads thins the past and gives back what nothing names, again and again', async () => {
  const { id } = await world.workspace();
  await world.query(
    `WITH f AS (INSERT INTO file (workspace_id, path, kind, revision, size) VALUES ($1, 'd', 'directory', 20, 0) RETURNING id)
     INSERT INTO revision (file_id, revision, size, origin, created_at) SELECT f.id, n, 0, 'page', now() - interval '90 days' + n * interval '1 second' FROM f, generate_series(1, 20) AS n`,
    [id],
  );
  await forget('one');
  world.start({ options: { housekeeping: { firstMs: 20, everyMs: 20 } } });
  await vi.waitFor(async () => expect([await count('revision') < 20, await count('blob')]).toEqual([true, 0]), patient);
  await forget('two');
  await vi.waitFor(async () => expect(await count('blob')).toBe(0), patient);
});

test('a failure is told and waits for the next time', async () => {
  await world.query('ALTER TABLE revision RENAME TO elsewhere');
  const { logged } = world.start({ options: { housekeeping: { firstMs: 20, everyMs: 20 } } });
  await vi.waitFor(() => expect(logged.map(({ message }) => message)).toContain('the past was not thinned'), patient);
  await world.query('ALTER TABLE elsewhere RENAME TO revision');
  await forget('one');
  await vi.waitFor(async () => expect(await count('blob')).toBe(0), patient);
});
