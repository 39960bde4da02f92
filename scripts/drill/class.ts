import { parseArgs } from 'node:util';
import { startStack } from '../../e2e/stack.ts';
import { explain, makeProgress, type Progress } from '../progress.mjs';
import { abandon } from './abandoned.ts';
import { openPages, saveBig } from './big-page.ts';
import { makeBrowser, pause, type Browser } from './browser.ts';
import { heldTable, kept, look, type Held } from './class-figures.ts';
import { makeDoor, type Door } from './door.ts';
import { enrolLearners, hubOf, type Learner } from './people.ts';

export type ClassOptions = { learners: number; /** Of them, so many have a server and a kernel. */ servers: number; sockets: number; openings: number; megabytes: number };

export const wholeClass: ClassOptions = { learners: 60, servers: 8, sockets: 1_000, openings: 50, megabytes: 30 };

export type ClassReport = { looks: [string, Held][]; /** What had not come back in time. */ still: string[]; backAfterS: number; pageMb: number; openAtOnce: number };

/** Tabs of one learner that hear what happens. */
const TABS = 2;
/** Collectors run when they choose to, and only in programs that are asked something. */
const BACK_MS = 60_000;
const SETTLED_MS = 30_000;

/**
 * A class in minutes: tabs that hear of events and are left open, kernels' sockets, connections that are begun and never gone on
 * with, and a page of many megabytes of outputs. Nobody signs out. Then everybody is gone, and so is what the programs held for them.
 *
 * While it is waited for, somebody opens a page now and then, as on any site. Before it the same is done small, and without the large page: code is compiled, pools are filled and caches warm by then, and the
 * servers run that run at the end too.
 */
export async function drillClass({ learners: count, servers, sockets, openings, megabytes }: ClassOptions, progress: Progress): Promise<ClassReport> {
  const stack = await progress.step('Starting Lectern', () => startStack({ LECTERN_POOL_FLOOR: '1', LECTERN_LOG_LEVEL: 'warn' }));
  const door = makeDoor(stack.site);
  const { hub, keys } = hubOf(stack);
  try {
    const learners = await enrolLearners({ hub, keys }, count);
    const browsers = learners.map((learner) => makeBrowser(door, learner));
    const users = browsers.slice(0, servers);
    const looks: [string, Held][] = [];
    const note = async (when: string) => void looks.push([when, await look(stack.stateDir, hub.database)]);

    await progress.step('Warming up', async () => {
      await Promise.all(users.map((browser) => browser.enter(() => false)));
      for (const [n, browser] of browsers.entries()) await openPages(browser, learners[n]!.page, 2);
      const tabs = openTabs(door, browsers);
      const left = await abandon(door, users, Math.ceil(sockets / 10));
      await pause(2_000);
      left.leave();
      tabs.close();
      for (const browser of browsers) browser.close();
      await settled(() => look(stack.stateDir, hub.database));
    });
    await note('before');

    const openAtOnce = await progress.step('A class', async () => {
      await Promise.all(users.map((browser) => browser.enter(() => false)));
      const tabs = openTabs(door, browsers);
      await Promise.all(browsers.map((browser, n) => openPages(browser, learners[n]!.page, 2)));
      const left = await abandon(door, users, sockets);
      await pause(5_000);
      const open = left.open();
      await note('with everybody there');
      left.leave();
      tabs.close();
      for (const browser of browsers) browser.close();
      return open;
    });
    const pageBytes = await progress.step(`A page of ${megabytes} MB of outputs, ${openings} times`, async () => {
      const [browser, learner] = [browsers[0], learners[0]] as [Browser, Learner];
      await saveBig(browser, learner, megabytes);
      return openPages(browser, learner.page, openings);
    });
    await note('after the large page');

    const since = performance.now();
    const still = await progress.step('Waiting until all is back', async () => {
      for (;;) {
        const left = kept(looks[0]![1], await look(stack.stateDir, hub.database));
        if (left.length === 0 || performance.now() - since > BACK_MS) return left;
        await openPages(browsers[1]!, learners[1]!.page, 1);
        await pause(1_000);
      }
    });
    await note('at the end');
    return { looks, still, backAfterS: Math.round((performance.now() - since) / 1_000), pageMb: pageBytes / 2 ** 20, openAtOnce };
  } finally {
    await door.close();
    await hub.close();
    await stack.stop();
  }
}

/** Streams of events that are read. */
function openTabs(door: Door, browsers: Browser[]): { close(): void } {
  const gone = new AbortController();
  const hear = async ({ cookie }: Browser) => {
    while (!gone.signal.aborted) {
      await door.hear('/api/events', { cookie }, gone.signal);
      await pause(500);
    }
  };
  for (const browser of browsers) for (let n = 0; n < TABS; n += 1) void hear(browser);
  return { close: () => gone.abort() };
}

/** Until descriptors stay as they are; something may come and go for ever. */
async function settled(see: () => Promise<Held>): Promise<void> {
  const sum = ({ web, gateway, controller }: Held) => web.descriptors + gateway.descriptors + controller.descriptors;
  const deadline = performance.now() + SETTLED_MS;
  for (let [last, same] = [-1, 0]; same < 6 && performance.now() < deadline; await pause(1_000)) {
    const now = sum(await see());
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

export const classTable = ({ looks, still, backAfterS, pageMb, openAtOnce }: ClassReport): string =>
  `${heldTable(looks)}\n\n${openAtOnce} abandoned connections were open at once, the page had ${pageMb.toFixed(1)} MB, and ${still.length ? `after ${backAfterS} s there still were: ${still.join('; ')}` : `all was back after ${backAfterS} s`}.`;

if (import.meta.main) {
  const progress = makeProgress();
  try {
    const { values } = parseArgs({ options: { learners: { type: 'string' }, servers: { type: 'string' }, sockets: { type: 'string' }, openings: { type: 'string' }, megabytes: { type: 'string' } } });
    const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
    const report = await drillClass({ ...wholeClass, ...given }, progress);
    progress.line(`\n${classTable(report)}`);
    process.exitCode = report.still.length === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = 1;
  }
}
