import { expect, test, vi } from 'vitest';
import { makeCell, type Cell, type Output } from '../../../lib/core/lessons/notebook.ts';
import type { OutputLog } from '../session/api.client.ts';
import type { KernelEvent } from './execution.ts';
import { withFrames } from '../session/frame.fixture.ts';
import type { KernelLink, RunListener } from './kernel.client.ts';
import { added, fromRendered, type PageCell } from './page-cells.ts';
import { makeRuns } from './runs.client.ts';
import type { Entered } from '../session/session.ts';

type CodeCell = Extract<Cell, { type: 'code' }>;
const place = { origin: 'http://key.nb.example.org', workspace: { path: 'a.ipynb' } } as Entered;
const { paint } = withFrames();

const print = (text: string): KernelEvent => ({ kind: 'output', output: { kind: 'stream', name: 'stdout', text } });
const count = (executionCount: number): KernelEvent => ({ kind: 'count', executionCount });
const counted = (seq: number) => ({ seq, type: 'execute_input', content: { execution_count: seq } });
const line = (seq: number, text: string) => ({ seq, type: 'stream', content: { name: 'stdout', text } });
const idle = (seq: number) => ({ seq, type: 'status', content: { execution_state: 'idle' } });

/** A page of cells over a connection that hears nothing unless the test says it, and a log that answers what the test says. */
function page(ids: string[], log: Partial<OutputLog>) {
  const all = new Map<string, PageCell>(ids.map((id) => [id, added({ ...makeCell('code', id), source: id })]));
  const sent: RunListener[] = [];
  const link: KernelLink = { execute: (code, _, listener) => (sent.push(listener), `message of ${code}`), complete: () => Promise.reject(new Error('not asked')), close: () => undefined };
  const runs = makeRuns(
    { get: (id) => all.get(id), all: () => [...all.values()], set: (id, next) => void all.set(id, next(all.get(id)!)) },
    () => link,
    async () => ({ log: 'L', seq: 9, executions: [], announced: [], ...log }),
  );
  const cell = (id: string) => all.get(id)!.cell as CodeCell;
  return {
    runs,
    sent,
    run: (id: string) => all.get(id)!.run,
    text: (id: string) => all.get(id)!.shown.outputs.map((output) => (output.kind === 'stream' ? output.text : '?')).join(''),
    number: (id: string) => cell(id).executionCount,
    /** As the notebook was saved. */
    saved(id: string, executionCount: number, text?: string) {
      const outputs: Output[] = text === undefined ? [] : [{ kind: 'stream', name: 'stdout', text }];
      all.set(id, { ...added({ ...cell(id), executionCount, outputs }), touched: { source: false, outputs: false } });
    },
    /** As the site rendered it, before the notebook itself is read. */
    rendered: (id: string, executionCount: number) => all.set(id, fromRendered({ id, type: 'code', source: id, outputs: '', executionCount })),
    showsRendering: (id: string) => all.get(id)!.rendered.outputs,
  };
}

test('a cell the server never heard of says so once the log was read', async () => {
  const { runs, run } = page(['a'], {});
  runs.run(['a']);
  runs.cut();
  expect(run('a')).toEqual({ state: 'queued' });
  await runs.follow(place);
  expect(run('a')).toMatchObject({ state: 'lost', say: expect.stringContaining('before this cell began') });
});

test('a cell that still waits in the kernel goes on waiting', async () => {
  const { runs, run } = page(['a'], { announced: ['message of a'] });
  runs.run(['a']);
  runs.cut();
  await runs.follow(place);
  expect(run('a')).toEqual({ state: 'queued' });
});

test('a cell that was aborted while nobody was connected waits no more, and does not look as if it had run', async () => {
  const { runs, run } = page(['a'], { executions: [{ msgId: 'message of a', cellId: 'a', kernelId: 'k', state: 'finished', messages: [idle(3)] }] });
  runs.run(['a']);
  runs.cut();
  await runs.follow(place);
  expect(run('a')).toEqual({ state: 'none' });
});

test('a cell that was run again meanwhile is not touched by what became of its run before', async () => {
  const { runs, sent, run } = page(['a'], {});
  runs.run(['a']);
  runs.cut();
  sent[0]!.done('aborted');
  runs.run(['a']);
  await runs.follow(place);
  expect(run('a')).toEqual({ state: 'queued' });
});

// Seen in a busy cluster: the cell had ended, and ran for ever on the page.
test('an answer of the log that is older than the end of a run does not make it run again', async () => {
  const { runs, sent, run } = page(['a'], { executions: [{ msgId: 'message of a', cellId: 'a', kernelId: 'k', state: 'busy', messages: [] }] });
  runs.run(['a']);
  const following = runs.follow(place);
  sent[0]!.done('ok');
  await following;
  expect(run('a')).toMatchObject({ state: 'done', ok: true });
});

// Seen to fail with the first output held for the frame as well, and without `painting`: then each was shown as it came.
test('the first output is shown at once, what follows within a frame is shown with it', () => {
  const { runs, sent, text } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.started();
  sent[0]!.event(print('one '));
  expect(text('a')).toBe('one ');
  sent[0]!.event(print('two '));
  sent[0]!.event(print('three '));
  expect(text('a')).toBe('one ');
  paint();
  expect(text('a')).toBe('one two three ');
  // A frame without anything new to show: the next output is the first one again.
  sent[0]!.event(print('four'));
  expect(text('a')).toBe('one two three four');
});

// Seen to fail without the timer of frame.client.ts.
test('a page that nobody sees paints no frames, and has its outputs within a second', () => {
  const { runs, sent, text } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.event(print('one '));
  sent[0]!.event(print('two'));
  vi.advanceTimersByTime(1_000);
  expect(text('a')).toBe('one two');
});

// Seen to fail without the `flush` of the end.
test('what waits for a frame when a cell ends is shown with its end', () => {
  const { runs, sent, text, run } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.event(print('one '));
  sent[0]!.event(print('two'));
  sent[0]!.done('ok');
  expect(text('a')).toBe('one two');
  expect(run('a')).toMatchObject({ state: 'done' });
});

// Seen to fail with `flush` before the return for a count.
test('the number of an execution comes with its first output, or with its end', () => {
  const { runs, sent, number } = page(['a', 'b'], {});
  runs.run(['a', 'b']);
  sent[0]!.event(count(1));
  expect(number('a')).toBe(null);
  sent[0]!.event(print('x'));
  expect(number('a')).toBe(1);
  sent[1]!.event(count(2));
  expect(number('b')).toBe(null);
  sent[1]!.done('ok');
  expect(number('b')).toBe(2);
});

// Seen to fail with the number taken away and the outputs emptied as the run is sent, and without `clearNext`: the new output stood below the old.
test('what a cell showed stays until there is a first new output, and is gone with it', () => {
  const { runs, sent, saved, text, number } = page(['a'], {});
  saved('a', 7, 'before');
  runs.run(['a']);
  sent[0]!.started();
  sent[0]!.event(count(8));
  expect([text('a'), number('a')]).toEqual(['before', 7]);
  sent[0]!.event(print('after'));
  expect([text('a'), number('a')]).toEqual(['after', 8]);
});

// Seen to fail with `begun` left false: each frame's outputs replaced those of the frame before.
test('outputs of a later frame are added to those of the first', () => {
  const { runs, sent, saved, text } = page(['a'], {});
  saved('a', 7, 'before');
  runs.run(['a']);
  sent[0]!.event(print('one '));
  paint();
  sent[0]!.event(print('two'));
  expect(text('a')).toBe('one two');
});

// Seen to fail without the emptying of a silent run.
test('a run that puts out nothing leaves its cell empty once it has ended', () => {
  const { runs, sent, saved, text, run } = page(['a'], {});
  saved('a', 7, 'before');
  runs.run(['a']);
  sent[0]!.event(count(8));
  expect(text('a')).toBe('before');
  sent[0]!.done('ok');
  expect(text('a')).toBe('');
  expect(run('a')).toMatchObject({ state: 'done', ok: true });
});

// Seen to fail with aborted runs emptied like other silent ones.
test('a run that was aborted since one before it failed leaves what its cell showed', () => {
  const { runs, sent, saved, text, run, number } = page(['a'], {});
  saved('a', 7, 'before');
  runs.run(['a']);
  sent[0]!.done('aborted');
  expect([text('a'), number('a')]).toEqual(['before', 7]);
  expect(run('a')).toEqual({ state: 'none' });
});

// Seen to fail without `live.has`: the second line stood there twice, from the log and from the frame.
test('what waits for a frame when the connection is lost comes from the log alone', async () => {
  const { runs, sent, text } = page(['a'], { executions: [{ msgId: 'message of a', cellId: 'a', kernelId: 'k', state: 'busy', messages: [counted(1), line(2, 'one '), line(3, 'two ')] }] });
  runs.run(['a']);
  sent[0]!.event(print('one '));
  sent[0]!.event(print('two '));
  runs.cut();
  await runs.follow(place);
  paint();
  expect(text('a')).toBe('one two ');
});

const question = { prompt: 'name?', password: false, answer: () => undefined };

// Seen to fail without that state in `run`: the cell waited behind itself, and its question was gone.
test('a cell that asks is not run again before it is answered', () => {
  const { runs, sent, run } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.started();
  sent[0]!.asked(question);
  runs.run(['a']);
  expect(sent).toHaveLength(1);
  expect(run('a')).toMatchObject({ state: 'asking', question });
});

// Seen to fail with `started` that always says `running`.
test('a question that comes before the news that its cell has begun stays', () => {
  const { runs, sent, run } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.asked(question);
  sent[0]!.started();
  expect(run('a')).toMatchObject({ state: 'asking', question });
});

// Seen to fail without the `flush` of a question: people were asked below half of what explains it.
test('all that was printed before a question is there when it is asked', () => {
  const { runs, sent, text } = page(['a'], {});
  runs.run(['a']);
  sent[0]!.event(print('one '));
  sent[0]!.event(print('two'));
  sent[0]!.asked(question);
  expect(text('a')).toBe('one two');
});

const cutShort = (state: 'busy' | 'finished', executionCount: number): Partial<OutputLog> => ({
  executions: [{ msgId: 'm', cellId: 'a', kernelId: 'k', state, messages: [counted(executionCount), line(20, 'short'), { seq: 21, type: 'truncated', content: {} }] }],
});

// Seen to fail without `showsMore`: the rendering gave way to the part of it that the server kept.
test('a long output that was saved is not replaced by the part the log kept of the same execution', async () => {
  const whole = page(['a'], cutShort('finished', 7));
  whole.saved('a', 7, 'all of it');
  await whole.runs.follow(place);
  expect(whole.text('a')).toBe('all of it');
  expect(whole.run('a')).toMatchObject({ state: 'done', ok: true });

  const unread = page(['a'], cutShort('finished', 7));
  unread.rendered('a', 7);
  await unread.runs.follow(place);
  expect(unread.showsRendering('a')).toBe(true);
});

// Seen to fail, one each, without the execution's number, its state, `truncated` and the outputs in `showsMore`.
test('the log is shown where it says more than the page: of another execution, one that runs, a whole one, an empty cell', async () => {
  const other = page(['a'], cutShort('finished', 8));
  other.saved('a', 7, 'before');
  const running = page(['a'], cutShort('busy', 7));
  running.saved('a', 7, 'before');
  const empty = page(['a'], cutShort('finished', 7));
  empty.saved('a', 7);
  for (const { runs, text } of [other, running, empty]) {
    await runs.follow(place);
    expect(text('a')).toContain('short');
  }
  const whole = page(['a'], { executions: [{ msgId: 'm', cellId: 'a', kernelId: 'k', state: 'finished', messages: [counted(7), line(20, 'whole')] }] });
  whole.saved('a', 7, 'before');
  await whole.runs.follow(place);
  expect(whole.text('a')).toBe('whole');
});
