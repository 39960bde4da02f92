import { kernelEnds } from '../../../lib/core/servers/reason.ts';
import { readOutputs } from '../session/api.client.ts';
import { nothingShown, show, update, type KernelEvent } from './execution.ts';
import { atNextFrame } from '../session/frame.client.ts';
import type { KernelLink } from './kernel.client.ts';
import { latestByCell, nothingRead, readOn, type Begun, type Reading } from './output-log.ts';
import type { PageCell } from './page-cells.ts';
import type { Entered } from '../session/session.ts';

type Cells = {
  get(id: string): PageCell | undefined;
  all(): PageCell[];
  set(id: string, next: (cell: PageCell) => PageCell): void;
};

/** What the page knows of executions: those of its own connection as they happen, all others from the server's log. */
export function makeRuns(cells: Cells, link: () => KernelLink | undefined, read = readOutputs) {
  const queue: { cellId: string; code: string }[] = [];
  /** Executions of the present connection, by message id. */
  const live = new Map<string, string>();
  /** Those of a connection that was lost which had not begun, by message id: the log will say whether they ever will. */
  const unsure = new Map<string, string>();
  /** Those whose end was heard here: an answer of the log that was on its way meanwhile may say that they still run. */
  const heard = new Set<string>();
  let reading: Reading = nothingRead;
  let following = false;
  let again = false;

  const setRun = (id: string, run: PageCell['run']) => cells.set(id, (cell) => ({ ...cell, run }));

  function apply(cellId: string, event: KernelEvent) {
    if (event.kind === 'update') {
      for (const { cell, shown } of cells.all()) {
        if (shown.displays.includes(event.displayId)) cells.set(cell.id, (each) => ({ ...each, shown: update(each.shown, event), touched: { ...each.touched, outputs: true } }));
      }
      return;
    }
    cells.set(cellId, (each) => {
      const cell = event.kind === 'count' && each.cell.type === 'code' ? { ...each.cell, executionCount: event.executionCount } : each.cell;
      const rendered = event.kind === 'count' ? each.rendered : { ...each.rendered, outputs: false };
      return { ...each, cell, rendered, shown: show(each.shown, event), touched: { ...each.touched, outputs: true } };
    });
  }

  function execute(to: KernelLink, cellId: string, code: string) {
    let since = performance.now();
    let silent = true;
    let begun = false;
    // Held back until there is something to show with it, for every frame the page paints takes time from what is waited
    // for: the execution's number until its first output or its end, further outputs until the next frame.
    const held: KernelEvent[] = [];
    let painting = false;
    const flush = () => {
      const all = joined(held.splice(0));
      // Of a connection that was lost the log tells, with all that was held back.
      const events = live.has(id) ? all : [];
      // What the cell showed stays until the new outputs come, or until it ends without any.
      if (events.length > 0 && !begun) cells.set(cellId, (each) => ({ ...each, shown: { ...each.shown, clearNext: true } }));
      begun ||= events.length > 0;
      for (const event of events) apply(cellId, event);
    };
    const id = to.execute(code, cellId, {
      started() {
        since = performance.now();
        // A question comes by a channel of its own, and may come first.
        if (cells.get(cellId)?.run.state !== 'asking') setRun(cellId, { state: 'running', since });
      },
      event(event) {
        held.push(event);
        if (event.kind === 'count') return;
        silent = false;
        if (painting) return;
        flush();
        painting = true;
        atNextFrame(() => {
          painting = false;
          flush();
        });
      },
      asked(question) {
        flush();
        setRun(cellId, question ? { state: 'asking', since, question } : { state: 'running', since });
      },
      done(result) {
        flush();
        live.delete(id);
        heard.add(id);
        if (silent && result !== 'aborted') cells.set(cellId, (each) => ({ ...each, shown: nothingShown, rendered: { ...each.rendered, outputs: false } }));
        setRun(cellId, result === 'aborted' ? { state: 'none' } : { state: 'done', ok: result === 'ok', tookMs: performance.now() - since });
      },
    });
    live.set(id, cellId);
  }

  function settleUnsure(announced: string[]) {
    const anew = new Set([...live.values(), ...queue.map(({ cellId }) => cellId)]);
    const waits = (cellId: string) => !anew.has(cellId) && cells.get(cellId)?.run.state === 'queued';
    for (const [msgId, cellId] of unsure) {
      if (announced.includes(msgId)) continue;
      unsure.delete(msgId);
      if (!waits(cellId)) continue;
      const logged = reading.executions.get(msgId);
      if (!logged) setRun(cellId, { state: 'lost', say: kernelEnds.unsent });
      else if (logged.state === 'aborted') setRun(cellId, { state: 'none' });
    }
  }

  return {
    /** Runs the cells one after the other; before there is a kernel they wait for it. */
    run(ids: string[]) {
      for (const id of ids) {
        const cell = cells.get(id);
        // What asks waits for its answer, and so would its next run.
        if (cell?.cell.type !== 'code' || cell.run.state === 'queued' || cell.run.state === 'asking') continue;
        queue.push({ cellId: id, code: cell.cell.source });
        setRun(id, { state: 'queued' });
      }
      this.pump();
    },
    pump() {
      const to = link();
      if (!to) return;
      for (const { cellId, code } of queue.splice(0)) execute(to, cellId, code);
    },
    waiting: () => queue.length,
    /** Nothing that has not begun will run. */
    forgetQueue() {
      for (const { cellId } of queue.splice(0)) setRun(cellId, { state: 'none' });
    },
    /** The connection went: its executions are no longer ours, and the log tells how they go on. */
    cut() {
      for (const [msgId, cellId] of live) if (cells.get(cellId)?.run.state === 'queued') unsure.set(msgId, cellId);
      live.clear();
      for (const { cell, run } of cells.all()) if (run.state === 'asking') setRun(cell.id, { state: 'running', since: run.since });
    },
    /** The kernel is another one, or none: what was running is over. */
    end(say: string = kernelEnds.stopped) {
      live.clear();
      const queued = new Set(queue.map(({ cellId }) => cellId));
      for (const { cell, run } of cells.all()) {
        if (run.state === 'running' || run.state === 'asking' || (run.state === 'queued' && !queued.has(cell.id))) setRun(cell.id, { state: 'lost', say });
      }
    },
    /** Brings every cell to what the log says. @returns whether something is still running */
    async follow(at: Entered): Promise<boolean> {
      if (following) {
        again = true;
        return false;
      }
      following = true;
      try {
        do {
          again = false;
          const answer = await read(at.origin, at.workspace.path, reading.seq);
          if (!answer) break;
          const before = reading;
          reading = readOn(reading, answer);
          for (const followed of latestByCell(reading).values()) {
            const known = before.executions.get(followed.msgId);
            if ([...live.values()].includes(followed.cellId) || heard.has(followed.msgId) || known === followed || !cells.get(followed.cellId)) continue;
            if (known?.state === followed.state && known.shown === followed.shown && before.log === reading.log) continue;
            cells.set(followed.cellId, (each) => (showsMore(each, followed) ? { ...each, run: runOf(followed, each.run) } : {
              ...each,
              cell: each.cell.type === 'code' ? { ...each.cell, executionCount: followed.executionCount } : each.cell,
              shown: followed.shown,
              run: runOf(followed, each.run),
              rendered: { ...each.rendered, outputs: false },
              touched: { ...each.touched, outputs: true },
            }));
          }
          if (answer.announced) settleUnsure(answer.announced);
        } while (again);
      } finally {
        following = false;
      }
      return [...reading.executions.values()].some(({ state }) => state === 'busy');
    },
  };
}

/** What the notebook has of an execution that is over may be more than the log kept of it. */
const showsMore = ({ cell, shown, rendered }: PageCell, { truncated, state, executionCount }: Begun) =>
  truncated && state !== 'busy' && cell.type === 'code' && cell.executionCount === executionCount && (rendered.outputs || shown.outputs.length > 0);

function runOf({ state, ok }: Begun, before: PageCell['run']): PageCell['run'] {
  switch (state) {
    case 'busy':
      return { state: 'running', since: before.state === 'running' ? before.since : performance.now() };
    case 'finished':
      return { state: 'done', ok };
    case 'died':
      return { state: 'lost', say: kernelEnds.stopped };
    case 'out-of-memory':
      return { state: 'lost', say: kernelEnds.memory };
  }
}

/** Neighbouring text of one stream as one event, so that a thousand lines in a frame are one change. */
function joined(events: KernelEvent[]): KernelEvent[] {
  const all: KernelEvent[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if (event.kind === 'output' && last?.kind === 'output' && event.output.kind === 'stream' && last.output.kind === 'stream' && event.output.name === last.output.name) {
      all[all.length - 1] = { kind: 'output', output: { ...last.output, text: last.output.text + event.output.text } };
    } else all.push(event);
  }
  return all;
}

export type Runs = ReturnType<typeof makeRuns>;
