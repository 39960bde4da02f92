import type { JsonObject } from '../../../lib/core/lessons/json.ts';
import type { OutputLog } from '../session/api.client.ts';
import { eventOf, nothingShown, show, update, type Shown } from './execution.ts';

/** One execution as the server's log tells it. `aborted`: it ended without having begun, since one before it failed. */
export type Followed = { msgId: string; cellId: string; state: 'busy' | 'finished' | 'died' | 'out-of-memory' | 'aborted'; ok: boolean; executionCount: number | null; shown: Shown; /** It put out more than the server keeps. */ truncated: boolean; firstSeq: number };

/** One that began: what a cell shows is of such. */
export type Begun = Followed & { state: Exclude<Followed['state'], 'aborted'> };

/** How far the log was read. A number of one server's log says nothing in another's. */
export type Reading = { log: string; seq: number; executions: Map<string, Followed> };

export const nothingRead: Reading = { log: '', seq: 0, executions: new Map() };

/** Adds an answer of the log to what was read; asking for too much, or twice, changes nothing. */
export function readOn(reading: Reading, answer: OutputLog): Reading {
  const base = reading.log === answer.log ? reading : nothingRead;
  const executions = new Map(base.executions);
  for (const { msgId, cellId, state, messages } of answer.executions) {
    if (cellId === null) continue;
    let followed: Followed = executions.get(msgId) ?? { msgId, cellId, state, ok: true, executionCount: null, shown: nothingShown, truncated: false, firstSeq: messages[0]?.seq ?? 0 };
    for (const { seq, type, content } of messages) {
      if (seq <= base.seq) continue;
      if (type === 'truncated') followed = { ...followed, truncated: true, shown: show(followed.shown, { kind: 'output', output: { kind: 'stream', name: 'stderr', text: '\n[... more was printed than the server keeps ...]\n' } }) };
      if (type === 'error') followed = { ...followed, ok: false };
      const event = eventOf({ type, content: content as JsonObject });
      if (event?.kind === 'count') followed = { ...followed, executionCount: event.executionCount };
      else if (event?.kind === 'update') executions.forEach((each, id) => executions.set(id, { ...each, shown: update(each.shown, event) }));
      if (event) followed = { ...followed, shown: event.kind === 'update' ? update(followed.shown, event) : show(followed.shown, event) };
    }
    executions.set(msgId, { ...followed, state: state === 'finished' && followed.executionCount === null ? 'aborted' : state });
  }
  return { log: answer.log, seq: Math.max(base.seq, answer.seq), executions };
}

/** The last execution of each cell that began: the one whose outputs the cell shows. */
export function latestByCell(reading: Reading): Map<string, Begun> {
  const latest = new Map<string, Begun>();
  for (const followed of reading.executions.values()) {
    if (!hasBegun(followed)) continue;
    const other = latest.get(followed.cellId);
    if (!other || other.firstSeq < followed.firstSeq) latest.set(followed.cellId, followed);
  }
  return latest;
}

const hasBegun = (followed: Followed): followed is Begun => followed.state !== 'aborted';
