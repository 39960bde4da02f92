import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import type { BusEvent } from '../../core/bus.ts';
import type { CourseId, ServerId, Sha256, UserId, WorkspaceId } from '../../core/ids.ts';
import { isWorkspaceKey } from '../../core/workspaces/origin.ts';
import type { WorkspaceStore } from '../../core/workspaces/store.ts';
import { makeBlobStore } from './blobs.ts';
import { makeClient, makeDatabase, makePool, type Database } from './database.ts';
import { makeHistory } from './history.ts';
import { makeLocks, type Locks } from './locks.ts';
import { makeWorkspaceStore } from './workspaces.ts';

let drop: () => Promise<void>;
const pools: ReturnType<typeof makePool>[] = [];
const locks: Locks[] = [];
let url: string;
let db: Database;
let store: WorkspaceStore;
let course: CourseId;
let workspace: WorkspaceId;
const published: BusEvent[] = [];
const bus = { publish: async (event: BusEvent) => void published.push(event), subscribe: () => () => undefined, isListening: () => true };

const connect = () => {
  const pool = makePool(url, { max: 5 });
  pools.push(pool);
  return makeDatabase(pool);
};
/** Another program over the same database. */
const program = (limitBytes = 1000) => makeWorkspaceStore({ db: connect(), locks: lock(), bus, limitBytes });
const lock = () => {
  const made = makeLocks(() => makeClient(url));
  locks.push(made);
  return made;
};

beforeAll(async () => {
  const made = await makeTestDatabase();
  ({ url, drop } = made);
  db = connect();
  store = program();
  [{ id: course }] = (await db.query<{ id: CourseId }>("INSERT INTO course (slug, title) VALUES ('c', 'C') RETURNING id")) as [{ id: CourseId }];
});
afterAll(async () => {
  await Promise.all([...pools.map((pool) => pool.end()), ...locks.map((made) => made.close())]);
  await drop();
});

async function aUser() {
  const [row] = await db.query<{ id: UserId }>('INSERT INTO "user" (email) VALUES ($1) RETURNING id', [`${randomUUID()}@example.org`]);
  return row!.id;
}
beforeEach(async () => {
  workspace = (await store.open(await aUser(), course)).id;
});

const bytes = (letter: string, size = 10) => ({ sha256: letter.repeat(64) as Sha256, size });
const save = (path: string, letter: string, ifRevision: number | 'any' = 'any', size = 10) => store.write(workspace, { path, content: bytes(letter, size), ifRevision, origin: 'page' });
const used = async () => (await store.find(workspace))!.usedBytes;
const paths = async () => (await store.files(workspace)).map(({ path }) => path);

describe('a workspace', () => {
  test('is one for a user and a course, however many tabs ask first', async () => {
    const user = await aUser();
    const other = program();
    const opened = await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 ? other : store).open(user, course)));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    const { key } = opened[0]!;
    expect(isWorkspaceKey(key)).toBe(true);
    expect(await store.byKey(key)).toEqual(opened[0]);
  });

  test('is not found by what is no id', async () => {
    expect(await store.find("' OR 1=1" as WorkspaceId)).toBeUndefined();
    expect(await store.find(randomUUID() as WorkspaceId)).toBeUndefined();
  });
});

describe('a write', () => {
  test('counts revisions up and keeps each', async () => {
    expect(await save('a.txt', 'a', 0)).toEqual({ state: 'written', revision: 1 });
    expect(await save('a.txt', 'b', 1)).toEqual({ state: 'written', revision: 2 });
    expect(await store.file(workspace, 'a.txt')).toMatchObject({ revision: 2, sha256: 'b'.repeat(64), size: 10 });
    expect((await store.revisions(workspace, 'a.txt')).map(({ revision, sha256 }) => [revision, sha256?.[0]])).toEqual([[2, 'b'], [1, 'a']]);
  });

  test('of a revision that is not the newest changes nothing and says what is there', async () => {
    await save('a.txt', 'a', 0);
    await save('a.txt', 'b', 1);
    expect(await save('a.txt', 'c', 1)).toMatchObject({ state: 'stale', current: { revision: 2, sha256: 'b'.repeat(64) } });
    expect(await save('a.txt', 'c', 0)).toMatchObject({ state: 'stale' });
    expect(await save('gone.txt', 'c', 3)).toEqual({ state: 'stale', current: undefined });
    expect((await store.file(workspace, 'a.txt'))!.revision).toBe(2);
  });

  test('sent again because its answer was lost is no conflict', async () => {
    await save('a.txt', 'a', 0);
    await save('a.txt', 'b', 1);
    expect(await save('a.txt', 'b', 1)).toEqual({ state: 'unchanged', revision: 2 });
  });

  test('of twenty writers that saw the same revision one passes', async () => {
    await save('a.txt', 'a', 0);
    const other = program();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? other : store).write(workspace, { path: 'a.txt', content: bytes((n + 11).toString(36).slice(-1).replace(/[^0-9a-f]/, 'f'), n + 1), ifRevision: 1, origin: 'page' })),
    );
    expect(outcomes.filter(({ state }) => state === 'written')).toHaveLength(1);
  });

  // Seen to fail without the check, and with it for writes that make a file smaller.
  test('F21 past the quota is refused with how much is used, and what makes room is not', async () => {
    await save('a.txt', 'a', 0, 900);
    expect(await save('b.txt', 'b', 0, 101)).toEqual({ state: 'quota', usedBytes: 900, limitBytes: 1000 });
    expect(await used()).toBe(900);
    expect(await save('b.txt', 'b', 0, 100)).toMatchObject({ state: 'written' });
    expect(await save('a.txt', 'c', 1, 500)).toMatchObject({ state: 'written' });
    // The operator may have lowered the quota below what is there already.
    expect(await program(300).write(workspace, { path: 'a.txt', content: bytes('d', 400), ifRevision: 2, origin: 'page' })).toMatchObject({ state: 'written' });
    await store.remove(workspace, 'a.txt');
    expect(await used()).toBe(100);
  });

  // Seen to fail: without the lock of the workspace in `writeIn` more than three pass.
  test('F21 two writes that fit one by one do not pass the quota together', async () => {
    const other = program();
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, n) => (n % 2 ? other : store).write(workspace, { path: `f${n}`, content: bytes('a', 300), ifRevision: 0, origin: 'page' })));
    expect(outcomes.filter(({ state }) => state === 'written')).toHaveLength(3);
    expect(await used()).toBe(900);
  });

  test('after a deletion goes on counting, so that a tab that slept through it cannot pass for current', async () => {
    await save('a.txt', 'a', 0);
    await store.remove(workspace, 'a.txt');
    expect(await save('a.txt', 'b', 1)).toEqual({ state: 'stale', current: undefined });
    expect(await save('a.txt', 'b', 0)).toEqual({ state: 'written', revision: 2 });
    expect((await store.revisions(workspace, 'a.txt')).map(({ revision }) => revision)).toEqual([2, 1]);
  });

  test('of a file where a folder is, or below a file, is refused', async () => {
    await save('data/a.csv', 'a', 0);
    expect(await save('data', 'b', 0)).toEqual({ state: 'blocked', by: 'data/a.csv' });
    expect(await save('data/a.csv/x', 'b', 0)).toEqual({ state: 'blocked', by: 'data/a.csv' });
    expect(await store.write(workspace, { path: 'data', ifRevision: 0, origin: 'lab' })).toEqual({ state: 'written', revision: 1 });
    expect(await store.file(workspace, 'data')).toMatchObject({ kind: 'directory' });
  });
});

describe('the files of a lesson', () => {
  const version = randomUUID();
  test('appear where none is and leave alone what the learner has', async () => {
    await save('1/a.csv', 'f', 0);
    await db.query("INSERT INTO blob (sha256, size) SELECT decode(repeat(c, 64), 'hex'), 10 FROM unnest(ARRAY['a', 'b', 'c']) AS c");
    const lesson = [{ path: '1/n.ipynb', ...bytes('a') }, { path: '1/a.csv', ...bytes('b') }, { path: '1/a.csv/x', ...bytes('c') }];
    const other = program();
    await Promise.all([store, other, store, other].map((each) => each.addMissing(workspace, lesson, version)));
    expect(await paths()).toEqual(['1/a.csv', '1/n.ipynb']);
    expect(await store.file(workspace, '1/a.csv')).toMatchObject({ sha256: 'f'.repeat(64) });
    expect(await store.file(workspace, '1/n.ipynb')).toMatchObject({ revision: 1, lessonVersionId: version });
    expect(await store.revisions(workspace, '1/n.ipynb')).toMatchObject([{ origin: 'lesson', revision: 1 }]);
    expect(await used()).toBe(20);
  });
});

describe('a folder', () => {
  beforeEach(async () => {
    for (const path of ['d/a', 'd/e/b', 'd.txt', 'dx/a']) await save(path, 'a', 0);
  });
  test('is removed with all below it and nothing beside it', async () => {
    await store.remove(workspace, 'd');
    expect(await paths()).toEqual(['d.txt', 'dx/a']);
    expect(await used()).toBe(20);
  });
  test('is renamed with all below it, and each file takes its history along', async () => {
    expect(await store.rename(workspace, 'd', 'new/d')).toBe('renamed');
    expect(await paths()).toEqual(['d.txt', 'dx/a', 'new/d/a', 'new/d/e/b']);
    expect((await store.revisions(workspace, 'new/d/a')).map(({ revision }) => revision)).toEqual([2, 1]);
    expect(await save('d/a', 'b', 1)).toMatchObject({ state: 'stale' });
    expect(await save('d/a', 'b', 0)).toEqual({ state: 'written', revision: 2 });
    expect(await used()).toBe(50);
  });
  test('is not renamed onto or into something else', async () => {
    expect(await store.rename(workspace, 'd', 'dx')).toBe('exists');
    expect(await store.rename(workspace, 'd', 'd/e/f')).toBe('exists');
    expect(await store.rename(workspace, 'd', 'd.txt/x')).toBe('exists');
    expect(await store.rename(workspace, 'nothing', 'x')).toBe('absent');
  });
});

describe('a server', () => {
  test('has a manifest and a session for each notebook', async () => {
    const [{ id }] = (await db.query<{ id: ServerId }>("INSERT INTO server (profile, state) VALUES ('default', 'warm') RETURNING id")) as [{ id: ServerId }];
    await store.setManifest(id, [{ path: 'a', revision: 1, sha256: bytes('a').sha256 }, { path: 'd', revision: 1 }]);
    await store.setManifest(id, [{ path: 'a', revision: 2, sha256: bytes('b').sha256 }]);
    expect(await store.manifest(id)).toEqual(new Map([['a', { path: 'a', revision: 2, sha256: bytes('b').sha256 }], ['d', { path: 'd', revision: 1 }]]));
    await store.dropManifest(id, ['a']);
    expect([...(await store.manifest(id)).keys()]).toEqual(['d']);
    expect(await store.session(id, 'n.ipynb')).toBeUndefined();
    await store.setSession(id, 'n.ipynb', { sessionId: 's', kernelId: 'k' });
    expect(await store.session(id, 'n.ipynb')).toEqual({ sessionId: 's', kernelId: 'k' });
  });
});

test('the editor of a notebook is its page until JupyterLab takes it, and the other tabs are told', async () => {
  expect(await store.editor(workspace, 'n.ipynb')).toBe('page');
  await store.setEditor(workspace, 'n.ipynb', 'lab');
  expect(await store.editor(workspace, 'n.ipynb')).toBe('lab');
  expect(published.at(-1)).toEqual({ kind: 'notebook', workspace, path: 'n.ipynb' });
});

describe('the past', () => {
  test('is thinned with age: the newest and what came with the lesson stay', async () => {
    for (let n = 1; n <= 14; n += 1) await save('a.txt', '0123456789abcdef'[n]!, n - 1);
    await save('b.txt', 'a', 0);
    await db.query("UPDATE revision SET created_at = now() - interval '3 days' - revision * interval '1 second', origin = CASE revision WHEN 1 THEN 'lesson' ELSE 'page' END");
    expect(await makeHistory(db).thin(new Date())).toBeGreaterThan(0);
    const left = (await store.revisions(workspace, 'a.txt')).map(({ revision }) => revision);
    expect(left[0]).toBe(14);
    expect(left.at(-1)).toBe(1);
    expect(left.length).toBeLessThanOrEqual(3);
    expect(await store.revisions(workspace, 'b.txt')).toHaveLength(1);
  });

  // Seen to fail with an hour of a day, and with one of ten minutes.
  test('T47 gives back blobs that nothing names and nobody put for an hour, and no others', async () => {
    const blobs = makeBlobStore(db);
    const kept = await Promise.all(['file', 'notebook', 'asset', 'fresh', 'gone'].map((text) => blobs.put(Buffer.from(text), Infinity)));
    const [file, notebook, asset, , gone] = kept;
    await store.write(workspace, { path: 'x', content: file, ifRevision: 0, origin: 'page' });
    await db.query(
      `WITH m AS (INSERT INTO module (course_id, title, position) VALUES ($1, 'M', 0) RETURNING id), l AS (INSERT INTO lesson (module_id, slug, title, position, path) SELECT id, 'l', 'L', 0, 'l.ipynb' FROM m RETURNING id)
       INSERT INTO lesson_version (lesson_id, number, notebook_sha256, assets) SELECT id, 1, decode($2, 'hex'), $3::jsonb FROM l`,
      [course, notebook!.sha256, JSON.stringify([{ path: 'a', ...asset }])],
    );
    await db.query("UPDATE blob SET created_at = now() - CASE WHEN sha256 = decode($1, 'hex') THEN interval '50 minutes' ELSE interval '70 minutes' END", [kept[3]!.sha256]);
    await makeHistory(db).sweepBlobs();
    for (const { sha256 } of kept) expect((await blobs.get(sha256)) !== undefined).toBe(sha256 !== gone!.sha256);
  });
});

describe('T47 what all revisions name', () => {
  const named = async () => (await db.query<{ n: number }>('SELECT sum(size)::int AS n FROM (SELECT DISTINCT r.sha256, r.size FROM revision r JOIN file f ON f.id = r.file_id WHERE f.workspace_id = $1) h', [workspace]))[0]!.n;
  const letters = [...'0123456789abcdef'];

  // Seen to fail with the second quota not looked at: 4,200 bytes are named by the seventh. With the blobs left to the sweep, what nothing names is still there.
  test('has a quota of its own: the oldest go at once, their blobs too, and each save is acknowledged', async () => {
    const blobs = makeBlobStore(db);
    const kept = [];
    for (let n = 0; n < 16; n += 1) {
      const content = await blobs.put(Buffer.alloc(600, `${randomUUID()}`), Infinity);
      kept.push(content);
      await db.query("UPDATE blob SET created_at = now() - interval '1 hour' WHERE sha256 = decode($1, 'hex')", [content.sha256]);
      expect(await store.write(workspace, { path: 'big.bin', content, ifRevision: n, origin: 'page' })).toEqual({ state: 'written', revision: n + 1 });
      expect(await named()).toBeLessThanOrEqual(4 * 1000);
    }
    const left = (await store.revisions(workspace, 'big.bin')).map(({ revision }) => revision);
    expect(left).toEqual(Array.from(left, (_, n) => 16 - n));
    for (const [n, { sha256 }] of kept.entries()) expect((await blobs.get(sha256)) !== undefined).toBe(left.includes(n + 1));
  });

  // Seen to fail with the age of a blob not looked at: what another one is about to name is gone.
  test('leaves the bytes that somebody put just now', async () => {
    const blobs = makeBlobStore(db);
    const content = await blobs.put(Buffer.alloc(600, randomUUID()), Infinity);
    await store.write(workspace, { path: 'big.bin', content, ifRevision: 0, origin: 'page' });
    for (const letter of letters.slice(0, 8)) await save('big.bin', letter, 'any', 600);
    expect((await store.revisions(workspace, 'big.bin')).some(({ sha256 }) => sha256 === content.sha256)).toBe(false);
    expect(await blobs.get(content.sha256)).toBeDefined();
  });

  // Seen to fail with the refusal left out of the write, and with what was deleted thinned like the rest.
  test('is refused, with nothing thinned, where only what was deleted just now could go; a day later it makes room', async () => {
    for (const letter of letters.slice(0, 4)) {
      await save(`${letter}.bin`, letter, 0, 950);
      await store.remove(workspace, `${letter}.bin`);
    }
    expect(await save('next.bin', 'e', 0, 950)).toEqual({ state: 'history', usedBytes: 5 * 950, limitBytes: 4000 });
    expect(await named()).toBe(4 * 950);
    await db.query("UPDATE file SET deleted_at = now() - interval '25 hours' WHERE workspace_id = $1", [workspace]);
    expect(await save('next.bin', 'e', 0, 950)).toEqual({ state: 'written', revision: 1 });
  });

  // Seen to fail with the mark of a renamed file naming its bytes: they are kept and counted by nobody.
  test('is all that is named: a name left behind by a renamed file names no bytes', async () => {
    await save('a.bin', 'a', 0, 600);
    await store.rename(workspace, 'a.bin', 'b.bin');
    expect(await db.query('SELECT 1 FROM file WHERE workspace_id = $1 AND sha256 IS NOT NULL', [workspace])).toHaveLength(1);
    expect(await save('a.bin', 'b', 0)).toEqual({ state: 'written', revision: 2 });
  });
});

// Seen to fail with the files not counted: the one after 20,000 is written.
test('T47 a workspace has no more files and folders than a server may list; what is there can be saved on', async () => {
  await db.query("INSERT INTO file (workspace_id, path, kind, revision) SELECT $1, 'd' || n, 'directory', 1 FROM generate_series(1, 19999) n", [workspace]);
  expect(await save('last', 'a', 0)).toEqual({ state: 'written', revision: 1 });
  expect(await save('more', 'a', 0)).toEqual({ state: 'files', most: 20_000 });
  expect(await store.write(workspace, { path: 'folder', ifRevision: 0, origin: 'lab' })).toEqual({ state: 'files', most: 20_000 });
  expect(await save('last', 'b', 1)).toEqual({ state: 'written', revision: 2 });
});

// Seen to fail with a share for each workspace: six begin.
test('T43 work on the servers of one person is two at a time over all their workspaces, and nobody else waits for it', async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const user = await aUser();
  const begun: string[] = [];
  const courses = await db.query<{ id: CourseId }>("INSERT INTO course (slug, title) SELECT 'share-' || n, 'C' FROM generate_series(1, 3) n RETURNING id");
  const mine = await Promise.all(courses.map(({ id }) => store.open(user, id)));
  const stuck = mine.flatMap(({ id }) => ['a', 'b'].map((path) => store.serialised(id, path, () => (begun.push(path), ended))));
  await expect.poll(() => begun.length).toBe(2);
  expect(await store.serialised(workspace, 'a', async () => 'done')).toBe('done');
  expect(begun).toHaveLength(2);
  end();
  await Promise.all(stuck);
  expect(begun).toHaveLength(6);
});
