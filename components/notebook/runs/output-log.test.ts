import { expect, test } from 'vitest';
import type { LoggedExecution, OutputLog } from '../session/api.client.ts';
import { latestByCell, nothingRead, readOn } from './output-log.ts';

const begun = (seq: number) => ({ seq, type: 'execute_input', content: { execution_count: seq } });
const line = (seq: number, text: string) => ({ seq, type: 'stream', content: { name: 'stdout', text } });
const execution = (msgId: string, state: LoggedExecution['state'], ...messages: LoggedExecution['messages']): LoggedExecution => ({ msgId, cellId: 'a', kernelId: 'k', state, messages });
const answer = (seq: number, ...executions: LoggedExecution[]): OutputLog => ({ log: 'L', seq, executions });
const text = (reading: ReturnType<typeof readOn>) => latestByCell(reading).get('a')?.shown.outputs.map((output) => (output.kind === 'stream' ? output.text : '?'));

test('answers that overlap add each line once', () => {
  const first = readOn(nothingRead, answer(3, execution('m', 'busy', begun(1), line(2, 'one '), line(3, 'two '))));
  const second = readOn(first, answer(4, execution('m', 'finished', begun(1), line(2, 'one '), line(3, 'two '), line(4, 'three'))));
  expect(text(second)).toEqual(['one two three']);
  expect(latestByCell(second).get('a')).toMatchObject({ state: 'finished' });
});

test('a cell shows its last execution', () => {
  expect(text(readOn(nothingRead, answer(3, execution('m', 'finished', begun(1), line(2, 'old')), execution('n', 'busy', line(3, 'new')))))).toEqual(['new']);
});

test('an execution that ended without having begun is aborted, and its cell goes on showing the one before', () => {
  const reading = readOn(nothingRead, answer(4, execution('m', 'finished', begun(1), line(2, 'kept')), execution('n', 'finished', { seq: 3, type: 'status', content: { execution_state: 'idle' } })));
  expect(reading.executions.get('n')).toMatchObject({ state: 'aborted' });
  expect(text(reading)).toEqual(['kept']);
});

test('the log of another server begins anew', () => {
  const first = readOn(nothingRead, answer(5, execution('m', 'finished', line(5, 'before'))));
  expect(text(readOn(first, { log: 'other', seq: 1, executions: [execution('n', 'busy', line(1, 'after'))] }))).toEqual(['after']);
});

test('an error and a death are told', () => {
  const error = { seq: 1, type: 'error', content: { ename: 'E', evalue: 'v', traceback: [] } };
  expect(latestByCell(readOn(nothingRead, answer(1, execution('m', 'died', error)))).get('a')).toMatchObject({ ok: false, state: 'died' });
});

test('executions of no cell, e.g. of a console, are left out', () => {
  expect(latestByCell(readOn(nothingRead, answer(1, { ...execution('m', 'busy', line(1, 'x')), cellId: null }))).size).toBe(0);
});

// Seen to fail with the mark of the first answer forgotten at the next one.
test('an execution that put out more than the server keeps says so, from then on', () => {
  const cut = readOn(nothingRead, answer(3, execution('m', 'busy', begun(1), line(2, 'kept'), { seq: 3, type: 'truncated', content: {} }), execution('n', 'busy', begun(1))));
  expect(text(cut)?.join('')).toContain('more was printed than the server keeps');
  const after = readOn(cut, answer(4, execution('m', 'finished', { seq: 4, type: 'status', content: {} })));
  expect([after.executions.get('m')?.truncated, after.executions.get('n')?.truncated]).toEqual([true, false]);
});
