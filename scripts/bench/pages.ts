import { chromium, type Page } from '@playwright/test';
import { openLesson, addCodeCell, outputOf, runCell, lessonSlugs, COURSE } from '../../e2e/lesson.ts';
import { addPerson, sql, type Person } from '../../e2e/people.ts';
import { figure, median, type Figure } from './figure.ts';

const RUNS = 7;
const COLD_RUNS = 3;

const browserPath = () => [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(Boolean);
const args = ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];

async function signIn(page: Page, site: string, person: Person) {
  await page.goto(`${site}/sign-in`);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
}

/** Gives the lesson of this number a first cell that prints a fresh random number, so that no saved output can be taken for a new one. */
async function randomLesson(person: Person): Promise<string> {
  await sql('INSERT INTO enrolment (user_id, course_id) SELECT $1, id FROM course WHERE slug = $2 ON CONFLICT DO NOTHING', [person.id, COURSE]);
  return (await lessonSlugs())[0]!;
}

/** Waits for a whole pool and nothing on its way up or down: the machine is idle, as the figure says. */
const poolIsWarm = async (count: number) => {
  for (let left = 600; left > 0; left -= 1) {
    const [row] = await sql<{ warm: number; moving: number }>(`SELECT count(*) FILTER (WHERE state = 'warm')::int AS warm, count(*) FILTER (WHERE state IN ('requested', 'starting', 'warming', 'stopping'))::int AS moving FROM server`);
    if (row!.warm >= count && row!.moving === 0) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('the pool did not become warm');
};

/** From the click on a lesson to the first new output, *Run* pressed as soon as it can be. */
async function clickToOutput(site: string): Promise<number> {
  const browser = await chromium.launch({ executablePath: browserPath(), args });
  try {
    const person = await addPerson();
    const slug = await randomLesson(person);
    const page = await browser.newPage();
    await signIn(page, site, person);
    await page.goto(`${site}/courses/${COURSE}`);
    const link = page.locator(`a[href$="/courses/${COURSE}/${slug}"]`).first();
    await link.waitFor();
    await page.waitForLoadState('networkidle');
    const began = performance.now();
    await link.click();
    const cell = page.getByRole('region', { name: /^Code cell/ }).first();
    await cell.getByRole('button', { name: /^Run / }).click();
    await cell.locator('xpath=self::*[@data-run="done"]').waitFor({ timeout: 60_000 });
    return performance.now() - began;
  } finally {
    await browser.close();
    // The next learner finds the machine as this one did.
    await sql(`UPDATE server SET desired = 'stop' WHERE workspace_id IS NOT NULL AND state = 'running'`);
  }
}

export async function warmClick(site: string): Promise<Figure> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await poolIsWarm(2);
    times.push(await clickToOutput(site));
  }
  return figure('warm-click-to-output', median(times), 'ms', 300, 'lower', 4400);
}

/** Needs a stack whose pool floor is 0. */
export async function coldClick(site: string): Promise<Figure> {
  const times: number[] = [];
  for (let run = 0; run < COLD_RUNS; run += 1) times.push(await clickToOutput(site));
  return figure('cold-click-to-output', median(times), 'ms', 3500, 'lower', 4400);
}

/** `print(1)` in the page, from the key to the end of its execution. */
export async function cellRoundTrip(site: string): Promise<Figure> {
  const browser = await chromium.launch({ executablePath: browserPath(), args });
  try {
    const person = await addPerson();
    const page = await browser.newPage();
    await signIn(page, site, person);
    await openLesson({ page, person, context: page.context() }, site);
    const cell = await addCodeCell(page, 'print(1)');
    await runCell(cell);
    await outputOf(cell).getByText('1').waitFor({ timeout: 60_000 });
    await poolIsWarm(2);
    // In the page, so that the driver's own time is not counted: from the press to the cell being done again.
    const times = await cell.evaluate(async (element, runs) => {
      const found: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const began = performance.now();
        const done = new Promise<void>((resolve) => {
          let left = false;
          const watcher = new MutationObserver(() => {
            if (element.getAttribute('data-run') !== 'done') left = true;
            else if (left) {
              watcher.disconnect();
              resolve();
            }
          });
          watcher.observe(element, { attributes: true });
        });
        element.querySelector<HTMLButtonElement>('button.nb-run')!.click();
        await done;
        found.push(performance.now() - began);
        await new Promise((next) => setTimeout(next, 50));
      }
      return found;
    }, 30);
    return figure('cell-round-trip', median(times), 'ms', 15, 'lower', 48);
  } finally {
    await browser.close();
  }
}

/** Time from asking for the lesson's HTML to its last byte, while nothing else goes on, and the JavaScript the page loads before anything is focused or run. */
export async function lessonPage(site: string): Promise<Figure[]> {
  const browser = await chromium.launch({ executablePath: browserPath(), args });
  try {
    const person = await addPerson();
    const slug = await randomLesson(person);
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
    await page.goto(`${site}/courses/${COURSE}/${slug}`);
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
