import { expect, test } from 'vitest';
import type { LessonId } from '../ids.ts';
import { codeBudget } from './budget.ts';
import { makePreparing, prepare, type Piece, type Ran } from './preparing.ts';
import { textOf } from './render.ts';

const place = { lesson: 'L1' as LessonId, path: 'a.ipynb' };
const formula = (source: string) => ({ kind: 'markdown' as const, source: `$${source}$`, place });
const said = 'Shown as it was typed';

/** Workers whose answers the test gives, one by one, in the order in which they were asked. */
function scripted() {
  const asked: { piece: Piece; person: string; answer: (ran: Ran) => void; fail: (error: Error) => void }[] = [];
  const givenUp: unknown[] = [];
  const preparing = makePreparing(
    {
      run: (piece, person) => {
        const { promise, resolve, reject } = Promise.withResolvers<Ran>();
        asked.push({ piece, person, answer: resolve, fail: reject });
        return promise;
      },
    },
    (facts) => givenUp.push(facts),
  );
  return { asked, givenUp, preparing, done: (n: number, tookMs = 1) => asked[n]!.answer({ state: 'done', result: prepare(asked[n]!.piece), tookMs }) };
}

test('what is light is prepared at once, and what is not by a worker, in the reader’s name', async () => {
  const { asked, preparing, done } = scripted();
  const page = preparing.page('ada');
  expect(textOf((await page.prose({ kind: 'markdown', source: 'So *it* is.', place })).tree)).toBe('So it is.');
  expect(await page.code('x = 1')).toContainEqual({ text: '1', className: 'tok-number' });
  expect(asked).toEqual([]);
  const shown = page.prose(formula('x'));
  done(0);
  expect(textOf((await shown).tree)).toContain('x');
  expect(asked.map(({ person }) => person)).toEqual(['ada']);
});

// Seen to fail with long texts left out of what is remembered, as they were.
test('T44 what was prepared once is remembered whatever its length, in its place, for everybody', async () => {
  const { asked, preparing, done } = scripted();
  const long = `${'word '.repeat(15_000)}$x$`;
  const first = preparing.page('ada').prose({ kind: 'markdown', source: long, place });
  done(0);
  const [{ tree }, again] = [await first, await preparing.page('bob').prose({ kind: 'markdown', source: long, place })];
  expect(again.tree).toBe(tree);
  void preparing.page('bob').prose({ kind: 'markdown', source: long, place: { ...place, path: 'elsewhere/a.ipynb' } });
  expect(asked).toHaveLength(2);
});

// Seen to fail with each page running it for itself.
test('T44 a class that opens a lesson together waits for each of its texts once', async () => {
  const { asked, preparing, done } = scripted();
  const all = Array.from({ length: 30 }, (_, n) => preparing.page(`learner ${n}`).prose(formula('x')));
  done(0);
  expect(new Set((await Promise.all(all)).map(({ tree }) => tree)).size).toBe(1);
  expect(asked).toHaveLength(1);
});

// Seen to fail with what was given up not remembered: it is tried at each load.
test.each(['late', 'died'] as const)('T44 what was %s is shown as it was typed, is told, and is not tried again', async (state) => {
  const { asked, givenUp, preparing } = scripted();
  const page = preparing.page('ada');
  const shown = page.prose(formula('x'));
  asked[0]!.answer({ state, tookMs: 2_000 });
  expect(textOf((await shown).tree)).toMatch(/^\$x\$Shown as it was typed/);
  expect(textOf((await preparing.page('ada').prose(formula('x'))).tree)).toContain(said);
  expect(asked).toHaveLength(1);
  expect(givenUp).toEqual([{ kind: 'markdown', characters: 3, how: state }]);
});

test('a mistake of ours shows the text as it was typed, and is told with its error', async () => {
  const { asked, givenUp, preparing } = scripted();
  const shown = preparing.page('ada').prose(formula('x'));
  asked[0]!.fail(new Error('ours'));
  expect(textOf((await shown).tree)).toContain(said);
  expect(givenUp).toMatchObject([{ how: new Error('ours') }]);
});

// Seen to fail without the page's own time: the second is asked for as well.
test('T44 once a page has taken its time the rest is shown as typed, this time; turned away, it is so too', async () => {
  const { asked, preparing, done } = scripted();
  const page = preparing.page('ada', { renderMs: 100 });
  const first = page.prose(formula('x'));
  done(0, 101);
  await first;
  expect(textOf((await page.prose(formula('y'))).tree)).toContain(said);
  expect(asked).toHaveLength(1);
  const another = preparing.page('ada').prose(formula('y'));
  asked[1]!.answer({ state: 'full', tookMs: 0 });
  expect(textOf((await another).tree)).toContain(said);
  void preparing.page('ada').prose(formula('y'));
  expect(asked).toHaveLength(3);
});

// Seen to fail without the bound: 400 coloured pieces of code each time.
test('T45 a page has so many nodes and no more: what would be too many is shown as typed, and what is small after it as ever', async () => {
  const page = scripted().preparing.page('ada', { nodes: 100 });
  expect((await page.code('x = 1')).length).toBeGreaterThan(1);
  const long = 'x = 1\n'.repeat(100);
  expect(await page.code(long)).toEqual([{ text: long }]);
  expect((await page.code('y = 2')).length).toBeGreaterThan(1);
});

test('T45 code longer than its budget is shown without its colours, and nobody works on it', async () => {
  const { asked, preparing } = scripted();
  const source = 'x = 1\n'.repeat(codeBudget / 6 + 1);
  expect(await preparing.page('ada').code(source)).toEqual([{ text: source }]);
  expect(asked).toEqual([]);
});

test('what is light leaves others their turn now and then', { timeout: 60_000 }, async () => {
  const { preparing } = scripted();
  const page = preparing.page('ada');
  let turns = 0;
  const others = setInterval(() => (turns += 1), 1);
  for (let n = 0; n < 100; n += 1) await page.prose({ kind: 'markdown', source: `${n} *so* `.repeat(50), place });
  clearInterval(others);
  expect(turns).toBeGreaterThan(2);
});
