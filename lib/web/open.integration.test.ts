import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { Kernel } from '../../scripts/testing/kernel.ts';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import { verifyGrant } from '../core/auth/grant.ts';
import type { Outcome } from '../core/errors.ts';
import type { LessonId, WorkspaceId } from '../core/ids.ts';
import type { EnterReply } from '../core/servers/view.ts';
import type { Actor } from '../core/users/actor.ts';

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
  const end = performance.now();
  const again: [number, number][] = [];
  for (let n = 0; n < 10; n += 1) {
    const from = performance.now();
    value(await site.hub.opening.open(actor, lesson));
    const between = performance.now();
    value(await site.hub.opening.enter(actor, opened.workspace.id, opened.path));
    again.push([between - from, performance.now() - between]);
  }
  const median = (index: number) => again.map((pair) => pair[index]!).sort((a, b) => a - b)[5]!.toFixed(1);
  process.stderr.write(`open ${(middle - start).toFixed(1)} ms, enter ${(end - middle).toFixed(1)} ms (${JSON.stringify(first.ok && first.value.state)}); again: open ${median(0)} ms, enter ${median(1)} ms\n`);
  expect(first).toMatchObject({ ok: true, value: { state: 'entered' } });
}, 300_000);
