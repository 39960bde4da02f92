import { attacks } from '../lib/core/lessons/attacks.fixture.ts';
import { startCanary } from './canary.ts';
import { test as base, expect, type Page } from './fixtures.ts';
import { addCourse, codeCell, enrol, ran, saved, write } from './lesson.ts';

const namespace = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';

/** An attack as whatever the data of an output can be. */
const bundlesOf = (attack: string) => [
  ...['text/html', 'text/markdown', 'text/latex', 'text/plain', 'image/svg+xml', 'image/png', 'application/json'].map((mime) => ({ [mime]: attack })),
  { 'image/svg+xml': `<svg ${namespace}>${attack}</svg>` },
  { 'image/png': 'AAAA', 'text/plain': attack },
];

const textCell = (source: string, n: number) => ({ cell_type: 'markdown', id: `text-${n}`, metadata: {}, source });

function codeCellWith(attack: string, n: number) {
  const displays = bundlesOf(attack).map((data) => ({ output_type: 'display_data', data, metadata: {} }));
  const outputs = [...displays, { output_type: 'stream', name: 'stdout', text: attack }, { output_type: 'error', ename: attack, evalue: attack, traceback: [attack] }];
  return { cell_type: 'code', id: `code-${n}`, metadata: {}, source: attack, execution_count: 1, outputs };
}

type Corpus = {
  /** Aimed at the canary. */
  aimed: string[];
  /** Where attacks have run: the address of the page, or of the frame of the page they were in. */
  ranIn: Set<string>;
  open: (cells: object[]) => Promise<void>;
  /** Nothing was heard by the canary, and the page is where it was and the only one. */
  unmoved: () => void;
};

const test = base.extend<{ corpus: Corpus }>({
  corpus: async ({ learner: { page, person, context }, site, expectedProblems }, give) => {
    // Names like `x` are looked for beside the notebook.
    expectedProblems.push(/status of 404 .*\/api\/assets\//);
    const canary = await startCanary();
    const aimed = attacks.map((attack) => attack.replaceAll('https://canary.example', canary.address).replaceAll('canary.example', new URL(canary.address).host));
    const ranIn = new Set<string>();
    await page.exposeBinding('alert', ({ frame }) => {
      let outer = frame;
      for (let parent = outer.parentFrame(); parent && parent !== page.mainFrame(); parent = outer.parentFrame()) outer = parent;
      ranIn.add(outer.url());
    });
    let address = '';
    await give({
      aimed,
      ranIn,
      async open(cells) {
        const slug = await addCourse(cells);
        await enrol(person, slug);
        address = `${site}/courses/${slug}/one`;
        await page.goto(address);
      },
      unmoved() {
        expect(canary.heard).toEqual([]);
        expect(page.url().split('#')[0]).toBe(address);
        expect(context.pages()).toEqual([page]);
      },
    });
    await canary.close();
  },
});

/** Brings everything into view, presses all that texts hold but links to elsewhere, and waits for what is fetched. */
async function goThrough(page: Page) {
  await page.evaluate(async () => {
    for (const place of document.querySelectorAll('section[id^="cell-"], img, iframe')) {
      place.scrollIntoView();
      await new Promise(requestAnimationFrame);
    }
    for (const each of document.querySelectorAll<HTMLElement>(':is(.nb-prose, .nb-rich) *')) {
      each.focus?.();
      if (!each.closest('a[target=_blank]')) each.click?.();
    }
  });
  const missing = () =>
    page.evaluate(async () => {
      const left = [...document.images].filter(({ complete }) => !complete);
      // Those that came late were not looked at yet, and are not fetched before.
      for (const image of left) {
        image.scrollIntoView();
        await new Promise(requestAnimationFrame);
      }
      return left.map(({ src }) => src.slice(0, 100));
    });
  await expect.poll(missing, { timeout: 60_000 }).toEqual([]);
}

/** What the policy of the output frame says of what it held. That of the page reads otherwise, and the fixtures fail a test for it. */
const heldByFrame = /directive: "(img-src data: blob:|default-src 'none')"/;

// Seen to fail with scripts, handlers and svg let through by the sanitiser (the page’s policy held them, and said so), and with addresses that are not settled.
test('T14 no attack in prose runs or calls out: as the site renders it, as the browser does, and after a reload', async ({ learner: { page }, corpus: { aimed, ranIn, open, unmoved } }) => {
  await open(aimed.map(textCell));
  await goThrough(page);
  const cells = page.getByRole('region', { name: /^Text cell/ });
  for (const [n, attack] of aimed.entries()) {
    const cell = cells.nth(n);
    await cell.getByRole('button', { name: /^Edit text cell/ }).press('Enter');
    await cell.getByRole('textbox').fill(`${attack}\n`);
    await page.keyboard.press('Shift+Enter');
  }
  await expect(page.locator('.nb-prose:not(.nb-text)')).toHaveCount(aimed.length);
  await goThrough(page);
  await saved(page);
  await page.reload();
  await goThrough(page);
  expect([...ranIn]).toEqual([]);
  unmoved();
});

// Seen to fail with frames let through by the sanitiser: ten frames where eight outputs had waited for a click.
test('T14 no attack in an output that came with the lesson runs or calls out, and with a click it runs in its frame alone', async ({ learner: { page }, corpus: { aimed, ranIn, open, unmoved }, site, expectedProblems }) => {
  await open(aimed.map(codeCellWith));
  await goThrough(page);
  await expect(page.getByText('Ready', { exact: true })).toBeVisible({ timeout: 90_000 });
  await goThrough(page);
  expect([...ranIn]).toEqual([]);
  unmoved();

  expectedProblems.push(heldByFrame);
  const waiting = page.getByRole('button', { name: 'Show it' });
  const count = await waiting.count();
  await waiting.evaluateAll((all) => all.forEach((button) => (button as HTMLElement).click()));
  await expect(page.locator('iframe')).toHaveCount(count);
  await goThrough(page);
  await expect.poll(() => [...ranIn]).toEqual([`${site}/output-frame`]);
  unmoved();
});

// Seen to fail with pictures from anywhere allowed in the output frame: two were fetched.
test('T14 no attack in the output of a run reaches out of its frame', async ({ learner: { page }, corpus: { aimed, ranIn, open, unmoved }, site, expectedProblems }) => {
  expectedProblems.push(heldByFrame);
  await open([codeCellWith('', 0)]);
  await write(page, codeCell(page), `import json\nfrom IPython.display import display\nfor bundle in json.loads(r'''${JSON.stringify(aimed.flatMap(bundlesOf))}'''): display(bundle, raw=True)`);
  await page.keyboard.press('Control+Enter');
  await ran(codeCell(page));
  await goThrough(page);
  await expect.poll(() => [...ranIn]).toEqual([`${site}/output-frame`]);
  unmoved();
});
