import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { makeJupyter, startHostile } from '../../scripts/testing/hostile-server.ts';
import { Kernel } from '../../scripts/testing/kernel.ts';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import { UpstreamError } from '../core/errors.ts';
import type { LessonId, Sha256, WorkspaceId } from '../core/ids.ts';
import type { Actor } from '../core/users/actor.ts';
import { makeSnapshots } from '../core/workspaces/snapshots.ts';
import { putFile } from './files.ts';

const path = 'n.ipynb';
const patient = { timeout: 180_000, interval: 50 };
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let site: TestSite;
let lesson: LessonId;
let course: Awaited<ReturnType<TestSite['course']>>['course'];

beforeAll(async () => {
  site = await makeTestSite(inject('pythonDir'));
  ({ lesson, course } = await site.course(path, notebookOf('1'), { 'data.csv': Buffer.from('a,b\n') }));
});
afterAll(() => site.end());

async function learner() {
  const actor = await site.person();
  await site.hub.courses.enrol(actor.id, course);
  return actor;
}

/** Opens the lesson and enters, as often as it takes while servers die. */
const goIn = (actor: Actor) =>
  vi.waitFor(async () => {
    const opened = await site.hub.opening.open(actor, lesson);
    if (!opened.ok) throw new Error(JSON.stringify(opened.refusal));
    const entered = await site.hub.opening.enter(actor, opened.value.workspace.id, path);
    if (!entered.ok || entered.value.state !== 'entered') throw new Error(JSON.stringify(entered));
    return { ...entered.value, workspace: opened.value.workspace.id };
  }, patient);

const save = (actor: Actor, workspace: WorkspaceId, at: string, text: string, revision: number) =>
  putFile(site.hub, actor, workspace, new Request(`http://lectern.localhost:3000/api/workspaces/${workspace}/files/${at}`, { method: 'PUT', body: text, headers: { 'if-match': `"${revision}"`, 'content-length': String(Buffer.byteLength(text)) } }));

async function onDisk(workspace: WorkspaceId, at: string): Promise<string | undefined> {
  const found = await site.hub.jupyter.read(await site.access(workspace), at, Infinity);
  if (!found) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of found.bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('every acknowledged save of the page is in the database, however often the server is killed, and the newest is on the next server', async () => {
  await site.warm();
  const actor = await learner();
  const { workspace } = await goIn(actor);
  let kills = 0;
  let saving = true;
  const killer = (async () => {
    while (saving) {
      await pause(Math.random() * 300);
      await site.kill(workspace);
      kills += 1;
      await goIn(actor);
    }
  })();

  let revision = 1;
  const acknowledged: { revision: number; sha256: string }[] = [];
  for (let n = 0; n < 200 || kills < 2; n += 1) {
    const text = JSON.stringify(notebookOf(`print(${n})`));
    const response = await save(actor, workspace, path, text, revision);
    if (response.status !== 200) throw new Error(await response.text());
    ({ revision } = (await response.json()) as { revision: number });
    acknowledged.push({ revision, sha256: createHash('sha256').update(text).digest('hex') });
    await pause(Math.random() * 20);
  }
  saving = false;
  await killer;

  const kept = new Map((await site.hub.workspaces.revisions(workspace, path)).map((each) => [each.revision, each.sha256]));
  expect(acknowledged.length).toBeGreaterThanOrEqual(200);
  expect(acknowledged.filter((each) => kept.get(each.revision) !== each.sha256)).toEqual([]);
  await vi.waitFor(async () => expect(createHash('sha256').update((await onDisk(workspace, path))!).digest('hex')).toBe(acknowledged.at(-1)!.sha256), patient);
  await site.snapshots.take(await site.access(workspace), workspace);
  expect((await site.hub.workspaces.files(workspace)).map((file) => file.path)).toEqual(['data.csv', path]);
  expect((await site.hub.workspaces.file(workspace, path))!.revision).toBe(revision);
}, 480_000);

test('what page and code both wrote is kept twice, and what only one wrote once', async () => {
  await site.warm();
  const actor = await learner();
  const entered = await goIn(actor);
  const { workspace } = entered;
  const access = await site.access(workspace);
  const kernel = await Kernel.connect(access, entered.kernelId, entered.sessionId);
  // The page writes to the database while the server cannot be told of it.
  const write = async (at: string, text: string, ifRevision: number) => site.hub.workspaces.write(workspace, { path: at, content: await site.hub.blobs.put(Buffer.from(text), Infinity), ifRevision, origin: 'page' });
  await write('data.csv', 'by the page', 1);
  await kernel.run("open('data.csv','w').write('by code'); open('new.txt','w').write('by code')");
  kernel.close();
  await site.snapshots.take(access, workspace);

  const files = (await site.hub.workspaces.files(workspace)).map((file) => file.path);
  const copy = files.find((each) => each.startsWith('data (from the server '))!;
  expect(files).toEqual([copy, 'data.csv', path, 'new.txt']);
  expect([await onDisk(workspace, 'data.csv'), await onDisk(workspace, copy), await onDisk(workspace, 'new.txt')]).toEqual(['by the page', 'by code', 'by code']);
  const before = await site.hub.workspaces.files(workspace);
  await site.snapshots.take(access, workspace);
  expect(await site.hub.workspaces.files(workspace)).toEqual(before);
}, 300_000);

// Seen to fail: without `complete` in lib/core/workspaces/compare.ts every file of the workspace is deleted.
test('a listing that is not complete deletes nothing, and neither does a file that was only hidden from it', async () => {
  await site.warm();
  const actor = await learner();
  const { workspace } = await goIn(actor);
  const access = await site.access(workspace);
  const before = await site.hub.workspaces.files(workspace);
  const seeing = (complete: boolean) => makeSnapshots({ ...site.hub, jupyter: { ...site.hub.jupyter, list: async () => ({ entries: [], complete }) }, limitBytes: 1e9, now: () => new Date(), store: site.hub.serverStore, onUnkept: () => undefined });
  await seeing(false).take(access, workspace);
  expect(await site.hub.workspaces.files(workspace)).toEqual(before);
  await seeing(true).take(access, workspace);
  expect(await site.hub.workspaces.files(workspace)).toEqual(before);
}, 300_000);

// Seen to fail with the file that the database did not take passed over.
test('F11 a snapshot during which the database was away for one file says so after the others, and the next one keeps it', async () => {
  await site.warm();
  const actor = await learner();
  const { workspace } = await goIn(actor);
  const access = await site.access(workspace);
  const sha256 = createHash('sha256').update('x').digest('hex') as Sha256;
  // Code has run nothing here: the site's own snapshots find nothing to do.
  const jupyter = {
    ...site.hub.jupyter,
    list: async () => ({ entries: [1, 2, 3].map((n) => ({ kind: 'file' as const, path: `${n}.txt`, size: 1, sha256, modifiedMs: 0 })), complete: false }),
    read: async () => ({ size: 1, sha256, bytes: (async function* () { yield Buffer.from('x'); })() }),
  };
  let writes = 0;
  const write: typeof site.hub.workspaces.write = (...asked) => (++writes === 1 ? Promise.reject(new UpstreamError('database', 'away')) : site.hub.workspaces.write(...asked));
  const snapshots = makeSnapshots({ ...site.hub, jupyter, workspaces: { ...site.hub.workspaces, write }, limitBytes: 1e9, now: () => new Date(), store: site.hub.serverStore, onUnkept: () => undefined });
  const kept = async () => (await site.hub.workspaces.files(workspace)).filter(({ path }) => path.endsWith('.txt')).length;
  await expect(snapshots.take(access, workspace)).rejects.toThrow('away');
  expect(await kept()).toBe(2);
  await snapshots.take(access, workspace);
  expect(await kept()).toBe(3);
  expect(writes, 'what was kept is not kept again').toBe(4);
}, 300_000);

// Seen to fail with `read` asked for more than was listed, and without the question for room: 3 MB each are read and kept.
test('T42 a file that is longer than it was listed, and one there is no room for, cost no byte of the database', async () => {
  await site.warm();
  const actor = await learner();
  const { workspace } = await goIn(actor);
  const access = await site.access(workspace);
  const hostile = await startHostile();
  const client = makeJupyter();
  try {
    const bytes = Buffer.alloc(3 << 20, 'x');
    const listed = (path: string, size: number) => ({ kind: 'file' as const, path, size, sha256: createHash('sha256').update(bytes).digest('hex') as Sha256, modifiedMs: 0 });
    hostile.says.set('files', (response) => response.writeHead(200, { 'content-length': bytes.length, 'x-lectern-sha256': listed('', 0).sha256 }).end(bytes));
    const jupyter = {
      ...site.hub.jupyter,
      list: async () => ({ entries: [listed('longer.bin', 10), listed('full.bin', bytes.length)], complete: false }),
      read: (_access: typeof access, path: string, mostBytes: number) => client.read(hostile.access, path, mostBytes),
    };
    const unkept: { path: string; why: string }[] = [];
    const blobs = await site.hub.database.query('SELECT 1 FROM blob');
    await site.hub.database.query('UPDATE workspace SET used_bytes = $2 WHERE id = $1', [workspace, 3 << 20]);
    await makeSnapshots({ ...site.hub, jupyter, limitBytes: 4 << 20, now: () => new Date(), store: site.hub.serverStore, onUnkept: (facts) => unkept.push(...facts.some) }).take(access, workspace);
    expect(unkept.map(({ path }) => path).sort()).toEqual(['full.bin', 'longer.bin']);
    expect(await site.hub.database.query('SELECT 1 FROM blob')).toHaveLength(blobs.length);
  } finally {
    // There is room for six servers in this file.
    await site.kill(workspace);
    await client.close();
    await hostile.end();
  }
}, 300_000);

// Seen to fail with every save's bytes kept before the revision is looked at: a blob more.
test('T47 a save of a revision that is not the newest leaves no bytes behind; the same save sent again is acknowledged', async () => {
  const actor = await learner();
  // Without a server: there is room for six in this file.
  const { id } = await site.hub.workspaces.open(actor.id, course);
  for (const revision of [0, 1]) expect((await save(actor, id, 'big.txt', `version ${revision}`, revision)).status).toBe(200);
  const blobs = await site.hub.database.query('SELECT 1 FROM blob');
  const refused = await save(actor, id, 'big.txt', 'from an old tab', 1);
  expect([refused.status, await refused.json()]).toMatchObject([409, { revision: 2 }]);
  expect(await site.hub.database.query('SELECT 1 FROM blob')).toHaveLength(blobs.length);
  const again = await save(actor, id, 'big.txt', 'version 1', 1);
  expect([again.status, await again.json()]).toMatchObject([200, { revision: 2 }]);
}, 60_000);

// Seen to fail with the names not counted before their bytes are asked for: 70 reads in two snapshots. With each file told by itself: 6,061 lines.
test('T41 a listing of more names than a workspace may have keeps no more, asks for no bytes of the others, and is one short line of the log', async () => {
  await site.warm();
  const actor = await learner();
  const { workspace } = await goIn(actor);
  const access = await site.access(workspace);
  const live = async () => (await site.hub.workspaces.files(workspace)).length;
  await site.hub.database.query("INSERT INTO file (workspace_id, path, kind, revision) SELECT $1, 'd' || n, 'directory', 1 FROM generate_series(1, $2::int) n", [workspace, 19_990 - (await live())]);
  const listed = (path: string) => ({ kind: 'file' as const, path, size: 1, sha256: createHash('sha256').update('x').digest('hex') as Sha256, modifiedMs: 0 });
  const entries = [...Array.from({ length: 40 }, (_, n) => listed(`new-${n}`)), ...Array.from({ length: 3_000 }, (_, n) => listed(`${n}-${'y'.repeat(900)}`))];
  let read = 0;
  const jupyter = {
    ...site.hub.jupyter,
    list: async () => ({ entries, complete: false }),
    read: async (_access: typeof access, path: string) => {
      read += 1;
      return { ...listed(path), bytes: (async function* () { yield Buffer.from('x'); })() };
    },
  };
  const lines: string[] = [];
  try {
    const snapshots = makeSnapshots({ ...site.hub, jupyter, limitBytes: 1e9, now: () => new Date(), store: site.hub.serverStore, onUnkept: (facts) => lines.push(JSON.stringify(facts)) });
    for (let times = 0; times < 2; times += 1) await snapshots.take(access, workspace);
    expect(await live()).toBe(20_000);
    expect(read).toBe(10);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.length).toBeLessThan(2_000);
  } finally {
    await site.kill(workspace);
  }
}, 300_000);

// Seen to fail with the note left out of the snapshot, and with each file told to the operator at each snapshot.
test('F21 a file that finds no room in the workspace is named to its owner until it is kept or gone, also after a reload', async () => {
  await site.warm();
  const actor = await learner();
  const entered = await goIn(actor);
  const { workspace } = entered;
  const access = await site.access(workspace);
  const kernel = await Kernel.connect(access, entered.kernelId, entered.sessionId);
  const used = (bytes: number) => site.hub.database.query('UPDATE workspace SET used_bytes = $2 WHERE id = $1', [workspace, bytes]);
  const unkept = async () => {
    const view = await site.hub.servers.view(workspace);
    return view.state === 'ready' ? view.unkept : view.state;
  };
  const told: string[] = [];
  const stop = site.hub.feed.listen({ actor, send: (event) => told.push(JSON.stringify(event)), end: () => undefined });
  await used(site.hub.config.workspaceBytes);
  await kernel.run("open('one.bin', 'wb').write(b'1' * 5000); open('two.bin', 'wb').write(b'2' * 5000)");
  for (let times = 0; times < 2; times += 1) await site.snapshots.take(access, workspace);
  expect(site.unkept.filter(({ path }) => path.endsWith('.bin'))).toHaveLength(2);
  const both = ['one.bin', 'two.bin'].map((each) => ({ path: each, why: 'quota' }));
  expect(await unkept()).toEqual(both);
  await vi.waitFor(() => expect(told.at(-1)).toContain('"unkept"'), patient);

  // Deleted through the site, though only the server has it; what is neither kept nor on the list is not there.
  expect(await site.hub.files.remove(actor, workspace, 'one.bin')).toMatchObject({ ok: true });
  expect(await unkept()).toEqual([both[1]]);
  expect(await onDisk(workspace, 'one.bin')).toBeUndefined();
  expect(await site.hub.files.remove(actor, workspace, 'three.bin')).toMatchObject({ ok: false, refusal: { code: 'not_found' } });

  await used(0);
  await site.snapshots.take(access, workspace);
  expect(await unkept()).toBeUndefined();
  expect(await site.hub.workspaces.file(workspace, 'two.bin')).toMatchObject({ size: 5_000 });
  await vi.waitFor(() => expect(told.at(-1)).not.toContain('"unkept"'), patient);
  kernel.close();
  stop();
}, 300_000);

test('a notebook that Jupyter only wrote in its own way is no new revision', async () => {
  await site.warm();
  const actor = await learner();
  const entered = await goIn(actor);
  const access = await site.access(entered.workspace);
  const kernel = await Kernel.connect(access, entered.kernelId, entered.sessionId);
  await kernel.run("import json; n = json.load(open('n.ipynb')); n['cells'][0]['metadata']['trusted'] = True; json.dump(n, open('n.ipynb', 'w'), indent=1)");
  await site.snapshots.take(access, entered.workspace);
  expect((await site.hub.workspaces.file(entered.workspace, path))!.revision).toBe(1);
  await kernel.run("n['cells'][0]['source'] = 'changed'; json.dump(n, open('n.ipynb', 'w'), indent=1)");
  kernel.close();
  await site.snapshots.take(access, entered.workspace);
  expect((await site.hub.workspaces.file(entered.workspace, path))!.revision).toBe(2);
}, 300_000);
