import { chromium } from '@playwright/test';
import lighthouse from 'lighthouse';
import { COURSE, lessonSlugs } from '../../e2e/lesson.ts';
import { addPerson, sql } from '../../e2e/people.ts';
import { freePort } from '../up/ports.ts';
import { figure, median, type Figure } from './figure.ts';

const RUNS = 3;

/** Lighthouse's scores of a lesson page, signed in, as a desktop sees it. */
export async function lighthouseFigures(site: string): Promise<Figure[]> {
  const port = await freePort();
  const browser = await chromium.launch({
    executablePath: [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(Boolean),
    args: [`--remote-debugging-port=${port}`, '--disable-gpu', '--no-first-run', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  try {
    const person = await addPerson();
    await sql('INSERT INTO enrolment (user_id, course_id) SELECT $1, id FROM course WHERE slug = $2', [person.id, COURSE]);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${site}/sign-in`);
    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
    // Lighthouse opens a tab of its own in the browser's first profile, so the sign-in goes along as a header.
    const cookie = (await context.cookies(site)).map(({ name, value }) => `${name}=${value}`).join('; ');
    const url = `${site}/courses/${COURSE}/${(await lessonSlugs())[0]}`;
    const scores: Record<'performance' | 'accessibility', number[]> = { performance: [], accessibility: [] };
    for (let run = 0; run < RUNS; run += 1) {
      const result = await lighthouse(url, { port, logLevel: 'error', onlyCategories: Object.keys(scores), formFactor: 'desktop', screenEmulation: { mobile: false, width: 1350, height: 940, deviceScaleFactor: 1, disabled: false }, throttling: { rttMs: 40, throughputKbps: 10 * 1024, cpuSlowdownMultiplier: 1, requestLatencyMs: 0, downloadThroughputKbps: 0, uploadThroughputKbps: 0 }, extraHeaders: { Cookie: cookie } });
      for (const category of ['performance', 'accessibility'] as const) scores[category].push((result?.lhr.categories[category]?.score ?? 0) * 100);
    }
    return [figure('lighthouse-performance', median(scores.performance), '', 90, 'higher'), figure('lighthouse-accessibility', median(scores.accessibility), '', 100, 'higher')];
  } finally {
    await browser.close();
  }
}
