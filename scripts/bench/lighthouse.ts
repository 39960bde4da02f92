import lighthouse from 'lighthouse';
import { course, enrol, lessons } from '../../e2e/lesson.ts';
import { addPerson } from '../../e2e/people.ts';
import { signIn } from '../../e2e/sign-in.ts';
import { freePort } from '../up/ports.ts';
import { launchBrowser } from './browser.ts';
import { figure, median, type Figure } from './figure.ts';

const RUNS = 3;

/** Lighthouse's scores of a lesson page, signed in, as a desktop sees it. */
export async function lighthouseFigures(site: string): Promise<Figure[]> {
  const port = await freePort();
  const browser = await launchBrowser(`--remote-debugging-port=${port}`);
  try {
    const person = await addPerson();
    await enrol(person);
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, site, person);
    // Lighthouse opens a tab of its own in the browser's first profile, so the sign-in goes along as a header.
    const cookie = (await context.cookies(site)).map(({ name, value }) => `${name}=${value}`).join('; ');
    const url = `${site}/courses/${course}/${(await lessons())[0]!.slug}`;
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
