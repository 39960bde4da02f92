import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import { checkNotebook } from '../core/courses/import/notebook.ts';
import type { WorkspaceId } from '../core/ids.ts';
import { sightOf } from '../core/lessons/sight.ts';
import type { Actor } from '../core/users/actor.ts';
import { putFile } from './files.ts';
import { lessonPage } from './lesson-page.ts';
import { checkUpload, importUpload } from './teach-import.ts';

const origin = 'http://lectern.localhost:3000';
let site: TestSite;
let course: Awaited<ReturnType<TestSite['course']>>['course'];
let ada: Someone;
let bob: Someone;

type Someone = { actor: Actor; workspace: WorkspaceId };

beforeAll(async () => {
  site = await makeTestSite(inject('pythonDir'), { poolFloor: -1 });
  // What the lesson's page asks.
  (globalThis as { lecternSiteHub?: unknown }).lecternSiteHub = Promise.resolve(site.hub);
  ({ course } = await site.course('n.ipynb', notebookOf('1')));
  [ada, bob] = [await learner(), await learner()];
});
afterAll(() => site?.end());

async function learner(): Promise<Someone> {
  const actor = await site.person();
  await site.hub.courses.enrol(actor.id, course);
  return { actor, workspace: (await site.hub.workspaces.open(actor.id, course)).id };
}

/** As a socket gives it. */
function inPieces(bytes: Buffer) {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(Uint8Array.from(bytes.subarray(at, (at += 64 * 1024))));
    },
  });
}

function put({ actor, workspace }: Someone, path: string, revision: number, bytes: Buffer) {
  const headers = { origin, 'if-match': `"${revision}"`, 'content-length': String(bytes.length) };
  return putFile(site.hub, actor, workspace, new Request(`${origin}/api/workspaces/${workspace}/files/${path}`, { method: 'PUT', headers, body: inPieces(bytes), duplex: 'half' } as RequestInit));
}

const revisionOf = async (saved: Response) => ((await saved.json()) as { revision: number }).revision;

/** A cell for each megabyte of output, in lines. `n` makes each notebook another one. */
const large = (megabytes: number, n = 0) =>
  Buffer.from(JSON.stringify({ ...notebookOf(), cells: Array.from({ length: megabytes }, (_, i) => ({ id: `c-${i}`, cell_type: 'code', source: `print(${n})`, metadata: {}, execution_count: 1, outputs: [{ output_type: 'stream', name: 'stdout', text: Array.from({ length: 15_000 }, () => `${'x'.repeat(64)}\n`) }] })) }));

/** 120,000 outputs, which take longer to read than their 8 MB let one think. */
const crowded = (n: number) =>
  Buffer.from(JSON.stringify({ ...notebookOf(), cells: Array.from({ length: 8 }, (_, i) => ({ id: `c-${i}`, cell_type: 'code', source: `print(${n})`, metadata: {}, execution_count: 1, outputs: Array.from({ length: 15_000 }, () => ({ output_type: 'stream', name: 'stdout', text: 'x\n' })) })) }));

/** How long the loop stood at the longest, in milliseconds, while something is done. */
async function standing(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await work();
  // Told of at the loop's next turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  return delay.max / 1e6;
}

// Figures seen: the loop stood for 17 ms and another's save and page took 40 ms at the most, 19 before. Seen to fail, with 905 and 914 ms, with the work
// done in the loop.
test('T45 while one person saves and opens a notebook of 60 MB three times, the loop stands for less than 200 ms or a third of that work, and saves and pages of others are quick', async () => {
  let [mine, theirs] = [0, 0];
  const timed = async () => {
    const since = performance.now();
    theirs = await revisionOf(await put(bob, 'small.ipynb', theirs, Buffer.from(JSON.stringify(notebookOf(`${theirs}`)))));
    expect((await lessonPage(bob.actor, 'course', 'one')).ok).toBe(true);
    return performance.now() - since;
  };
  await timed();
  const before = Math.max(await timed(), await timed(), await timed());
  const text = large(60).toString();
  const began = performance.now();
  expect(sightOf(text).ok).toBe(true);
  // What the loop would stand for, on this machine with all else that it does now.
  const tookHere = performance.now() - began;
  const rounds: { stood: number; others: number }[] = [];
  for (const bytes of [large(60, 1), large(60, 2), large(60, 3)]) {
    let [open, others] = [true, 0];
    const saveAndOpen = async () => {
      const saved = await put(ada, 'n.ipynb', mine, bytes);
      expect(saved.status).toBe(200);
      mine = await revisionOf(saved);
      const page = await lessonPage(ada.actor, 'course', 'one');
      expect(page.ok && page.value.notebook.ok && page.value.notebook.value.notebook.cells.length).toBe(60);
    };
    const stood = await standing(async () => {
      const heavy = saveAndOpen().finally(() => (open = false));
      while (open) others = Math.max(others, await timed());
      await heavy;
    });
    rounds.push({ stood, others });
  }
  // Whatever else the machine does is not theirs: the best of three counts.
  expect(Math.min(...rounds.map(({ stood }) => stood))).toBeLessThan(Math.max(tookHere / 3, 200));
  expect(Math.min(...rounds.map(({ others }) => others))).toBeLessThan(Math.max(before * 1.5, tookHere / 2, 150));
}, 120_000);

// Figures seen: 99 ms of 1,057. Seen to fail, with 377 of 695, with the work done in the loop.
test('T45 while a course of three large lessons is checked and made, the loop stands for less than a third of the work for one lesson', async () => {
  const author = await site.person('instructor');
  const lessons = [crowded(1), crowded(2), crowded(3)];
  const began = performance.now();
  const alone = checkNotebook('a.ipynb', lessons[0]!.toString());
  expect(alone.state).toBe('good');
  const tookHere = performance.now() - began;
  const list = lessons.map((bytes, n) => ({ name: `large/${n}.ipynb`, size: bytes.length }));
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(list)}\n`), ...lessons]);
  const upload = () => new Request(`${origin}/api/courses`, { method: 'POST', body: inPieces(body), headers: { 'content-length': String(body.length) }, duplex: 'half' } as RequestInit);
  const stood = [await standing(async () => expect((await checkUpload(site.hub, author, upload())).status).toBe(200)), await standing(async () => expect((await importUpload(site.hub, author, upload())).status).toBe(200))];
  // Whatever else the machine does is not theirs: the better one counts.
  expect(Math.min(...stood)).toBeLessThan(tookHere / 3);
}, 120_000);
