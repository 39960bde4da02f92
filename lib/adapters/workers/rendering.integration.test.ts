import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, expect, test } from 'vitest';
import type { LessonId } from '../../core/ids.ts';
import { proseBudget } from '../../core/lessons/budget.ts';
import { makePreparing, prepare, type Piece } from '../../core/lessons/preparing.ts';
import { textOf } from '../../core/lessons/render.ts';
import { makeRenderingWorkers } from './rendering.ts';

const place = { lesson: 'L1' as LessonId, path: 'a.ipynb' };
const prose = (source: string) => ({ kind: 'markdown' as const, source, place });

let workers: ReturnType<typeof makeRenderingWorkers>;
const start = (file: string, options: Parameters<typeof makeRenderingWorkers>[1] = {}) => (workers = makeRenderingWorkers(join(import.meta.dirname, file), options));
afterEach(() => workers.close());

/** The longest that this process's loop stood meanwhile, in milliseconds. */
async function longestStand(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
}

test.each<[string, Piece]>([
  ['formulas', prose('The $\\bar x = \\frac{1}{n}\\sum_i x_i$, and\n\n$$\nx^2\n$$\n')],
  ['a table of HTML', { kind: 'html', source: `<table>${'<tr><td>1</td><td onclick="x()">b</td></tr>'.repeat(500)}</table>`, place }],
  ['a LaTeX output', { kind: 'latex', source: '\\alpha + \\beta', place }],
  ['code', { kind: 'code', source: 'def f(x):\n    return x  # so\n'.repeat(400) }],
])('a worker prepares %s as this process would', async (_what, piece) => {
  start('rendering.worker.ts');
  expect(await workers.run(piece, 'ada')).toEqual({ state: 'done', result: prepare(piece), tookMs: expect.any(Number) as number });
});

// Seen to fail with the piece prepared here: the test hangs. And without the deadline: it waits for its own.
test('T44 a cell whose preparing does not end is shown as typed after its deadline; the rest of its page and other readers’ pages are prepared, and nothing stands meanwhile', async () => {
  start('endless-rendering.fixture.ts', { deadlineMs: 1_500 });
  const told: unknown[] = [];
  const preparing = makePreparing(workers, (facts) => told.push(facts));
  const page = preparing.page('ada');
  const seen: string[] = [];
  const show = async (reader: typeof page, source: string) => seen.push(textOf((await reader.prose(prose(source))).tree));
  const stood = await longestStand(() => Promise.all([
    show(page, '$1$ never ends').then(() => show(page, '$2$ of the same page')),
    ...['$3$ of another', '$4$ of a third'].map((source, n) => show(preparing.page(`reader ${n}`), source)),
  ]));
  expect(seen.findIndex((text) => text.includes('of another'))).toBeLessThan(seen.findIndex((text) => text.includes('never ends')));
  expect(seen.find((text) => text.includes('never ends'))).toContain('Shown as it was typed');
  expect(seen.filter((text) => text.includes('Shown as it was typed'))).toHaveLength(1);
  expect(told).toEqual([{ kind: 'markdown', characters: 14, how: 'late' }]);
  // On a machine with much else to do; the work itself takes seconds.
  expect(stood).toBeLessThan(250);
});

// Seen to fail with the texts prepared here: it stands for all their time.
test('T44 T45 what takes long, a cell at its budget and a table of 40,000 rows, stands in nobody’s way', async () => {
  start('rendering.worker.ts');
  const preparing = makePreparing(workers, () => undefined);
  const rows = Array.from({ length: 40_000 }, (_, n) => `<tr><td>${n}</td><td>b</td></tr>`).join('');
  const heavy: Piece[] = [{ kind: 'html', source: `<table><tbody>${rows}</tbody></table>`, place }, prose('so *it* is, '.repeat(proseBudget.marks / 2 - 1)), prose('$x_i + y$ '.repeat(400))];
  const began = performance.now();
  for (const piece of heavy) prepare(piece);
  const tookHere = performance.now() - began;
  // Their code is loaded before it counts.
  await preparing.page('ada').prose(prose('$x$'));
  const stood = await longestStand(async () => {
    const page = preparing.page('ada');
    for (const piece of heavy) if (piece.kind !== 'code') await page.prose(piece);
  });
  expect(stood).toBeLessThan(tookHere / 3);
});
