import { expect, test } from 'vitest';
import { makeCell } from '../../lib/core/lessons/notebook.ts';
import type { OutputLog } from './api.client.ts';
import type { KernelLink, RunListener } from './kernel.client.ts';
import { added, type PageCell } from './page-cells.ts';
import { makeRuns } from './runs.client.ts';
import type { Entered } from './session.ts';

const place = { origin: 'http://key.nb.example.org', workspace: { path: 'a.ipynb' } } as Entered;
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
  return { runs, sent, run: (id: string) => all.get(id)!.run };
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
