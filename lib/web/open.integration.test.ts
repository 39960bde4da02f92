import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { Kernel } from '../../scripts/testing/kernel.ts';
import { makeTestSite, notebookOf, SECRET, type TestSite } from '../../scripts/testing/site.ts';
import { readConfig } from '../config/config.ts';
import { verifyGrant } from '../core/auth/grant.ts';
import type { Outcome } from '../core/errors.ts';
import type { LessonId, WorkspaceId } from '../core/ids.ts';
import type { EnterReply } from '../core/servers/view.ts';
import type { Actor } from '../core/users/actor.ts';
import { makeSiteHub } from '../hub.ts';

const path = '2-data/tables.ipynb';
const readsSibling = "print(open('cities.csv').read().strip())";
const patient = { timeout: 180_000, interval: 50 };

let site: TestSite;
let lesson: LessonId;
let course: Awaited<ReturnType<TestSite['course']>>['course'];

beforeAll(async () => {
  site = await makeTestSite(inject('pythonDir'));
  ({ lesson, course } = await site.course(path, notebookOf(readsSibling), { '2-data/cities.csv': Buffer.from('city,people\nUlm,128000\n'), 'shared/notes.txt': Buffer.from('shared') }));
});
// There is room for few servers, and none of a test before may stand in the queue.
afterEach(async () => {
  const owned = async () => (await site.hub.serverStore.live()).filter(({ state }) => state !== 'warming' && state !== 'warm');
  for (const { ref } of await owned()) await site.hub.serverStore.wantStopped(ref.id, 'requested');
  await vi.waitFor(async () => expect(await owned()).toEqual([]), patient);
}, 240_000);
afterAll(() => site.end());

const value = <T>(outcome: Outcome<T>): T => {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.refusal));
  return outcome.value;
};

async function learner() {
  const actor = await site.person();
  await site.hub.courses.enrol(actor.id, course);
  return actor;
}

/** Opens and enters as the page does: again while the server is being waited for. */
async function goIn(actor: Actor) {
  const opened = value(await site.hub.opening.open(actor, lesson));
  const entered = await vi.waitFor(async () => {
    const reply = value(await site.hub.opening.enter(actor, opened.workspace.id, opened.path));
    if (reply.state !== 'entered') throw new Error(`the server is ${JSON.stringify(reply.server)}`);
    return reply;
  }, patient);
  return { ...opened, ...entered };
}

async function run(entered: Extract<EnterReply, { state: 'entered' }> & { workspace: { id: WorkspaceId } }, code: string) {
  const kernel = await Kernel.connect(await site.access(entered.workspace.id), entered.kernelId, entered.sessionId);
  try {
    return await kernel.run(code);
  } finally {
    kernel.close();
  }
}

test('the first cell of a lesson reads the file beside it, on a warm server and on a cold one', async () => {
  await site.warm();
  const warm = await goIn(await learner());
  expect(await run(warm, readsSibling)).toBe('city,people\nUlm,128000\n');
  expect(await run(warm, "print(open('../shared/notes.txt').read())")).toBe('shared\n');
  expect(await verifyGrant(warm.grant, site.hub.secrets.keys, new Date())).toMatchObject({ wsp: warm.workspace.id, srv: warm.server.id, gen: warm.server.generation });

  // Nothing warm is left at this moment: the cold path.
  for (const server of await site.hub.serverStore.live()) if (server.state === 'warm') await site.hub.database.query("UPDATE server SET state = 'stopped', ended_at = now() WHERE id = $1 AND state = 'warm'", [server.ref.id]);
  const cold = await goIn(await learner());
  expect(await run(cold, readsSibling)).toBe('city,people\nUlm,128000\n');
}, 480_000);

test('two tabs that open a lesson at once get one workspace, one server and one kernel', async () => {
  await site.warm();
  const actor = await learner();
  const tabs = await Promise.all(Array.from({ length: 6 }, () => goIn(actor)));
  for (const what of ['sessionId', 'kernelId'] as const) expect(new Set(tabs.map((tab) => tab[what])).size).toBe(1);
  expect(new Set(tabs.map(({ workspace }) => workspace.id)).size).toBe(1);
  expect(await site.hub.database.query("SELECT 1 FROM server WHERE workspace_id = $1", [tabs[0]!.workspace.id])).toHaveLength(1);
  const status = await site.hub.jupyter.status(await site.access(tabs[0]!.workspace.id));
  expect(status.kernels).toHaveLength(1);
}, 300_000);

test('what code wrote comes back on a new server after the old one was killed, up to the last snapshot', async () => {
  await site.warm();
  const actor = await learner();
  const first = await goIn(actor);
  await run(first, "import os; os.makedirs('out', exist_ok=True); open('out/result.txt', 'w').write('42'); os.remove('cities.csv')");
  await site.snapshots.take(await site.access(first.workspace.id), first.workspace.id);
  expect((await site.hub.workspaces.files(first.workspace.id)).map((file) => file.path)).toEqual(expect.arrayContaining(['2-data/out', '2-data/out/result.txt', path]));
  expect(await site.hub.workspaces.file(first.workspace.id, '2-data/cities.csv')).toBeUndefined();

  await site.kill(first.workspace.id);
  await vi.waitFor(async () => expect((await site.hub.serverStore.of(first.workspace.id))!.state).toMatch(/stopped|failed/), patient);
  const second = await goIn(actor);
  expect(second.server.id).not.toBe(first.server.id);
  expect(await run(second, "print(open('out/result.txt').read())")).toBe('42\n');
}, 480_000);

// Seen to fail with what was refused noted in the manifest all the same: the snapshot deleted it from the workspace.
test('F21 a lesson opens on a full disk and says which and how much; nothing is lost, and once there is room the file is there', async () => {
  await site.warm();
  const actor = await learner();
  const first = await goIn(actor);
  expect(first.notice).toBeUndefined();
  // What lies in .cache is in no snapshot: only the disk is full here, not the workspace.
  await run(first, `import os
os.makedirs('/home/learner/.cache', exist_ok=True)
try:
    with open('/home/learner/.cache/big', 'wb', buffering=0) as big:
        while True: big.write(b'x' * (1 << 20))
except OSError: pass`);
  const late = { path: '2-data/late.ipynb', content: await site.hub.blobs.put(Buffer.from(JSON.stringify(notebookOf('1', `# ${'x'.repeat(2 << 20)}`))), Infinity) };
  expect(await site.hub.workspaces.write(first.workspace.id, { ...late, ifRevision: 0, origin: 'page' })).toMatchObject({ state: 'written' });

  const enterLate = async () => {
    const entered = value(await site.hub.opening.enter(actor, first.workspace.id, late.path));
    if (entered.state !== 'entered') throw new Error(entered.state);
    return { ...first, ...entered };
  };
  const { notice, ...full } = await enterLate();
  expect(notice).toMatch(/^The disk of your server is full: \d+ MB of 200 MB are used, and there was no room for 2-data\/late\.ipynb\./);
  expect(await run(full, "import os; print(6 * 7, os.path.exists('late.ipynb'))")).toBe('42 False\n');
  await site.snapshots.take(await site.access(first.workspace.id), first.workspace.id);
  expect(await site.hub.workspaces.file(first.workspace.id, late.path)).toMatchObject({ sha256: late.content.sha256 });

  // Written on both sides, and no room for the workspace's own: the disk's is kept beside it, once. The workspace's comes first: the
  // end of an execution takes a snapshot by itself, which would take the disk's for the newest.
  const longer = await site.hub.blobs.put(Buffer.alloc(2 << 20, 'a'), Infinity);
  await site.hub.workspaces.write(first.workspace.id, { path: '2-data/cities.csv', content: longer, ifRevision: 'any', origin: 'page' });
  await run(full, "open('cities.csv', 'w').close()");
  for (let n = 0; n < 3; n += 1) await site.snapshots.take(await site.access(first.workspace.id), first.workspace.id);
  expect(await site.hub.workspaces.file(first.workspace.id, '2-data/cities.csv')).toMatchObject({ sha256: longer.sha256 });
  expect((await site.hub.workspaces.files(first.workspace.id)).filter((file) => file.path.includes('cities (from the server'))).toMatchObject([{ size: 0 }]);

  await run(full, "import os; os.remove('/home/learner/.cache/big')");
  const roomy = await enterLate();
  expect(roomy).not.toHaveProperty('notice');
  expect(await run(roomy, "print(os.path.getsize('late.ipynb') > 2 << 20)")).toBe('True\n');
}, 480_000);

test('who is not enrolled, and who owns another workspace, is let into nothing', async () => {
  const [owner, other, stranger] = [await learner(), await learner(), await site.person()];
  const { workspace } = value(await site.hub.opening.open(owner, lesson));
  expect(await site.hub.opening.open(stranger, lesson)).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
  for (const actor of [other, stranger]) expect(await site.hub.opening.enter(actor, workspace.id, path)).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(await site.hub.opening.open(owner, 'no-such-lesson' as LessonId)).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  await site.hub.database.query('DELETE FROM enrolment WHERE user_id = $1', [owner.id]);
  expect(await site.hub.opening.enter(owner, workspace.id, path)).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
});

test('opening and entering take little time of the site itself', async () => {
  await site.warm();
  const actor = await learner();
  const start = performance.now();
  const opened = value(await site.hub.opening.open(actor, lesson));
  const middle = performance.now();
  const first = await site.hub.opening.enter(actor, opened.workspace.id, opened.path);
  // A machine that is busy for seconds answers with the wait.
  if (first.ok && first.value.state === 'waiting') await goIn(actor);
  const end = performance.now();
  const again: [number, number, string][] = [];
  for (let n = 0; n < 10; n += 1) {
    const from = performance.now();
    value(await site.hub.opening.open(actor, lesson));
    const between = performance.now();
    const { state } = value(await site.hub.opening.enter(actor, opened.workspace.id, opened.path));
    again.push([between - from, performance.now() - between, state]);
  }
  const median = (index: 0 | 1) => again.map((pair) => pair[index]!).sort((a, b) => a - b)[5]!.toFixed(1);
  process.stderr.write(`open ${(middle - start).toFixed(1)} ms, enter ${(end - middle).toFixed(1)} ms (${JSON.stringify(first.ok && first.value.state)}); again: open ${median(0)} ms, enter ${median(1)} ms\n`);
  expect(again.map(([, , state]) => state)).toEqual(Array(10).fill('entered'));
}, 300_000);

// Seen to fail with the newest key alone tried: JupyterLab is told that the server is not ready, and the page cannot enter.
test('T37 a server of before the root secret was changed is entered and brought along by the site of after', async () => {
  await site.warm();
  const actor = await learner();
  const before = await goIn(actor);
  const { config, secrets } = readConfig({
    LECTERN_SECRET: 'the next secret of the tests of the site',
    LECTERN_SECRET_PREVIOUS: SECRET,
    DATABASE_URL: site.hub.secrets.databaseUrl,
    LECTERN_STATE_DIR: site.hub.config.stateDir,
    LECTERN_LOG_LEVEL: 'error',
  });
  const rotated = await makeSiteHub(config, secrets);
  try {
    expect(value(await rotated.opening.enter(actor, before.workspace.id, path))).toMatchObject({ state: 'entered', server: before.server, kernelId: before.kernelId });
    expect(value(await rotated.files.setEditor(actor, before.workspace.id, path, 'lab'))).toEqual({ editor: 'lab' });
  } finally {
    await rotated.close();
  }
}, 240_000);
