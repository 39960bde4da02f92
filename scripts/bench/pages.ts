import { addCodeCell, course, enrol, lessons, openLesson, outputOf, run as runCell } from '../../e2e/lesson.ts';
import { addPerson, sql } from '../../e2e/people.ts';
import { signIn } from '../../e2e/sign-in.ts';
import { launchBrowser, launchLone, type LoneBrowser } from './browser.ts';
import { figure, median, type Figure } from './figure.ts';

const RUNS = 7;
const COLD_RUNS = 3;
const ROUNDS = 30;

/** Waits for a whole pool and nothing on its way up or down: the machine is idle, as the figure says. */
const poolIsWarm = async (count: number) => {
  for (let left = 600; left > 0; left -= 1) {
    const [row] = await sql<{ warm: number; moving: number }>(`SELECT count(*) FILTER (WHERE state = 'warm')::int AS warm, count(*) FILTER (WHERE state IN ('requested', 'starting', 'warming', 'stopping'))::int AS moving FROM server`);
    if (row!.warm >= count && row!.moving === 0) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('the pool did not become warm');
};

/** Until the browser has forgotten that it was driven. */
const ALONE_MS = 3_000;

/**
 * From the press on the link to new output of the first code cell of the page it leads to. The page presses the link, and *Run* in
 * the moment it can be, while nobody drives the browser. A cell that prints what stood there already counts when it is done.
 */
async function clickToOutput(browser: LoneBrowser, slug: string): Promise<number> {
  await browser.drive(async (page) => {
    const link = page.locator(`a[href$="/courses/${course}/${slug}"]`).first();
    await link.waitFor();
    await page.waitForLoadState('networkidle');
    await link.evaluate((pressed: HTMLElement, aloneMs) => {
      document.title = '';
      const first = () => document.querySelector('section.nb-cell-code');
      setTimeout(() => {
        const old = first();
        const began = performance.now();
        let cell: Element | null = null;
        let shown = '';
        const text = () => cell?.querySelector('.nb-outputs')?.textContent ?? '';
        const watcher = new MutationObserver(() => {
          const run = cell ? undefined : first() === old ? undefined : first()?.querySelector<HTMLButtonElement>('button.nb-run:enabled');
          if (run) {
            cell = first();
            shown = text();
            run.click();
          } else if (cell && ((text() !== '' && text() !== shown) || cell.getAttribute('data-run') === 'done')) {
            watcher.disconnect();
            document.title = `${performance.now() - began} ms`;
          }
        });
        watcher.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
        pressed.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
        pressed.click();
      }, aloneMs);
    }, ALONE_MS);
  });
  return Number((await browser.title(/^([\d.]+) ms$/))[1]);
}

/** A new learner in a new browser, signed in, in front of the course. */
async function withLearner<T>(site: string, work: (browser: LoneBrowser) => Promise<T>): Promise<T> {
  const browser = await launchLone();
  try {
    const person = await addPerson();
    await enrol(person);
    await browser.drive(async (page) => {
      await signIn(page, site, person);
      await page.goto(`${site}/courses/${course}`);
    });
    return await work(browser);
  } finally {
    await browser.close();
    // The next learner finds the machine as this one did.
    await sql(`UPDATE server SET desired = 'stop' WHERE workspace_id IS NOT NULL AND state = 'running'`);
  }
}

/** A learner's first lesson, and the second one from there, once a reader's time has passed. */
export async function warmClick(site: string): Promise<Figure[]> {
  const [first, second] = (await lessons()).map(({ slug }) => slug) as [string, string];
  const times: { first: number; second: number }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await poolIsWarm(2);
    times.push(
      await withLearner(site, async (browser) => {
        const one = await clickToOutput(browser, first);
        await poolIsWarm(2);
        await new Promise((read) => setTimeout(read, 6_000));
        return { first: one, second: await clickToOutput(browser, second) };
      }),
    );
  }
  return [
    figure('warm-click-to-output', median(times.map((time) => time.first)), 'ms', 300, 'lower', 4400),
    figure('warm-click-to-output-second-lesson', median(times.map((time) => time.second)), 'ms', 300, 'lower'),
  ];
}

/** Needs a stack whose pool floor is 0. */
export async function coldClick(site: string): Promise<Figure> {
  const [first] = await lessons();
  const times: number[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) times.push(await withLearner(site, (browser) => clickToOutput(browser, first!.slug)));
  return figure('cold-click-to-output', median(times), 'ms', 3500, 'lower', 4400);
}

/** `print(1)` in the page, from the press on *Run* to the end of its execution, while nobody drives the browser. */
export async function cellRoundTrip(site: string): Promise<Figure> {
  const browser = await launchLone();
  try {
    const person = await addPerson();
    await browser.drive(async (page) => {
      await signIn(page, site, person);
      await openLesson({ page, person }, site);
      const cell = await addCodeCell(page, 'print(1)');
      await runCell(cell);
      await outputOf(cell).getByText('1').waitFor({ timeout: 60_000 });
      await poolIsWarm(2);
      await cell.evaluate((element, { runs, aloneMs }) => {
        document.title = '';
        const times: number[] = [];
        const run = () => {
          const began = performance.now();
          let left = false;
          const watcher = new MutationObserver(() => {
            if (element.getAttribute('data-run') !== 'done') left = true;
            else if (left) {
              watcher.disconnect();
              times.push(performance.now() - began);
              if (times.length < runs) setTimeout(run, 50);
              else document.title = times.map((time) => `${time} ms`).join(' ');
            }
          });
          watcher.observe(element, { attributes: true });
          element.querySelector<HTMLButtonElement>('button.nb-run')!.click();
        };
        setTimeout(run, aloneMs);
      }, { runs: ROUNDS, aloneMs: ALONE_MS });
    });
    const [said] = await browser.title(new RegExp(`^(?:[\\d.]+ ms ?){${ROUNDS}}$`));
    return figure('cell-round-trip', median(said.split(' ms').slice(0, ROUNDS).map(Number)), 'ms', 15, 'lower', 48);
  } finally {
    await browser.close();
  }
}

/** Time from asking for the lesson's HTML to its last byte, while nothing else goes on, and the JavaScript the page loads before anything is focused or run. */
export async function lessonPage(site: string): Promise<Figure[]> {
  const browser = await launchBrowser();
  try {
    const person = await addPerson();
    await enrol(person);
    const [first] = await lessons();
    const page = await browser.newPage();
    await signIn(page, site, person);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    const scripts = new Set<string>();
    let bytes = 0;
    session.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId));
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (scripts.has(requestId)) bytes += encodedDataLength;
    });
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    await page.goto(`${site}/courses/${course}/${first!.slug}`);
    await page.waitForLoadState('networkidle').catch(() => {});
    const js = bytes / 1000;
    await poolIsWarm(2);
    const times = await page.evaluate(async () => {
      const found: number[] = [];
      for (let run = 0; run < 20; run += 1) {
        const began = performance.now();
        await (await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' })).text();
        found.push(performance.now() - began);
      }
      return found;
    });
    return [figure('lesson-response', median(times), 'ms', 50, 'lower'), figure('lesson-js', js, 'kB', 200, 'lower')];
  } finally {
    await browser.close();
  }
}
