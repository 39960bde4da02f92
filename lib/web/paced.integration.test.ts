import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { heldMb } from '../../scripts/testing/memory.ts';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import type { LessonId, WorkspaceId } from '../core/ids.ts';
import type { Actor } from '../core/users/actor.ts';
import { getAsset } from './courses-assets.ts';
import { getFile, listFiles, putFile } from './files.ts';
import { lessonPageOf } from './lesson-page.ts';
import { enterWorkspace, openLesson } from './open.ts';
import { respond } from './respond.ts';

const MB = 1024 * 1024;
const origin = 'http://lectern.localhost:3000';
let site: TestSite;
let lesson: LessonId;
let slug: string;
let course: Awaited<ReturnType<TestSite['course']>>['course'];
let ada: Someone;
let bob: Someone;

type Someone = { actor: Actor; workspace: WorkspaceId };
type Act = (who: Someone, n: number) => Promise<Response>;

beforeAll(async () => {
  // No controller: what is measured is the site's own work.
  site = await makeTestSite(inject('pythonDir'), { poolFloor: -1 });
  ({ lesson, course } = await site.course('n.ipynb', notebookOf(...Array.from({ length: 400 }, (_, n) => `${'x = 1\n'.repeat(100)}${n}`)), { 'p.png': Buffer.alloc(100_000) }));
  [{ slug }] = await site.hub.database.query<{ slug: string }>('SELECT slug FROM course WHERE id = $1', [course]) as [{ slug: string }];
  [ada, bob] = [await learner(), await learner()];
  for (const { actor } of [ada, bob]) await openLesson(site.hub, actor, lesson);
});
afterAll(() => site?.end());

async function learner(): Promise<Someone> {
  const actor = await site.person();
  await site.hub.courses.enrol(actor.id, course);
  return { actor, workspace: (await site.hub.workspaces.open(actor.id, course)).id };
}

const put = ({ actor, workspace }: Someone, path: string, body: BodyInit, length: number) =>
  putFile(site.hub, actor, workspace, new Request(`${origin}/api/workspaces/${workspace}/files/${path}`, { method: 'PUT', headers: { origin, 'if-match': '"0"', 'content-length': String(length) }, body, duplex: 'half' } as RequestInit));

const notebook = JSON.stringify(notebookOf('x = 1\n'.repeat(20_000)));
/** An answer that was read to its end. */
async function whole(response: Response): Promise<Response> {
  await response.arrayBuffer();
  return response;
}
let saved = 0;
/** With what the machine may do besides, in milliseconds: taking in four hundred bodies is itself work, which is nobody's turn. And how many are refused at least. */
const acts: [string, number, number, Act][] = [
  ['opening a lesson', 250, 300, ({ actor }) => openLesson(site.hub, actor, lesson)],
  ['entering a workspace', 250, 300, ({ actor, workspace }) => enterWorkspace(site.hub, actor, workspace, new Request(`${origin}/enter`, { method: 'POST', body: JSON.stringify({ path: 'n.ipynb' }) }))],
  ['saving a notebook', 450, 300, (who) => put(who, `s-${(saved += 1)}.ipynb`, notebook, notebook.length)],
  ['reading the page of a lesson', 250, 300, async ({ actor }) => respond(await lessonPageOf(site.hub, actor, slug, 'one'))],
  ['listing files', 250, 200, ({ actor, workspace }) => listFiles(site.hub, actor, workspace)],
  ['fetching a file', 250, 200, async ({ actor, workspace }) => whole(await getFile(site.hub, actor, workspace, new Request(`${origin}/api/workspaces/${workspace}/files/n.ipynb`)))],
  ['fetching a picture', 250, 200, async ({ actor }) => whole(await getAsset(site.hub, actor, new Request(`${origin}/api/assets/${lesson}/p.png`)))],
];

// Seen to fail with the work done at once: another's open took 306 to 341 ms then, a page 1,470, a file 390, a picture 305 (a listing 88, which only the
// missing refusals tell). Of saving the turn is not seen to fail by itself: how many bodies a
// person may have on their way (lib/adapters/disk/arrivals.ts) holds it too, and taking four hundred in is what the others notice then.
test.each(acts)('T50 four hundred times %s by one person: they wait for themselves, are told when to come again, and others do not notice', async (_name, slackMs, refusals, act) => {
  const timed = async () => {
    const since = performance.now();
    expect((await act(bob, 0)).status).toBeLessThan(300);
    return performance.now() - since;
  };
  await timed();
  const before = Math.max(await timed(), await timed(), await timed());
  const bound = before * 1.5 + slackMs;
  let meanwhile = Infinity;
  // Whatever else the machine does is not theirs: of three times the first that is quick enough counts.
  for (let time = 0; time < 3 && meanwhile > bound; time += 1) {
    const flood = Array.from({ length: 400 }, (_, n) => act(ada, n));
    meanwhile = await timed();
    const answers = await Promise.all(flood);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(refusals);
    expect(refused[0]!.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(answers.filter(({ status }) => status < 300).length).toBe(400 - refused.length);
  }
  expect(meanwhile).toBeLessThan(bound);
}, 120_000);

/** Bytes that come until somebody says stop, and then never end. */
function halfSent(bytes: number) {
  const piece = Buffer.alloc(MB, 'x');
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  let left = bytes;
  let fail: (error: Error) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void (fail = (error) => controller.error(error)),
    pull(controller) {
      if (left <= 0) return resolve();
      controller.enqueue(Uint8Array.from(piece));
      left -= MB;
    },
  });
  return { body, sent, stop: () => fail(new Error('the client went away')) };
}

// Seen to fail, at 280 MB, with the body gathered as it comes.
test('T46 ten half-sent notebooks cost less than 64 MB of memory, and hold back no save', async () => {
  const half = Array.from({ length: 10 }, () => halfSent(30 * MB));
  const before = heldMb();
  const answers = half.map(({ body }, n) => put(ada, `half-${n}.ipynb`, body, 31 * MB));
  await Promise.all(half.map(({ sent }) => sent));
  expect(heldMb() - before).toBeLessThan(64);
  expect((await put(bob, 'meanwhile.ipynb', notebook, notebook.length)).status).toBe(200);
  expect((await put(ada, 'meanwhile.ipynb', notebook, notebook.length)).status).toBe(200);
  for (const { stop } of half) stop();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(10).fill(400));
}, 120_000);
