import { expect, test } from 'vitest';
import { applyControls } from '../../../lib/core/lessons/ansi.ts';
import { eventOf, longestStream, nothingShown, show, update, type KernelEvent, type Shown } from './execution.ts';

const print = (text: string): KernelEvent => ({ kind: 'output', output: { kind: 'stream', name: 'stdout', text } });
const display = (text: string, displayId?: string): KernelEvent => ({ kind: 'output', output: { kind: 'display', data: { 'text/plain': text }, metadata: {} }, displayId });
const after = (...events: KernelEvent[]) => events.reduce<Shown>(show, nothingShown);

test('clear_output waits for the next output when told to', () => {
  expect(after(print('a'), { kind: 'clear', wait: true }).outputs).toHaveLength(1);
  expect(after(print('a'), { kind: 'clear', wait: true }, print('b')).outputs).toEqual([{ kind: 'stream', name: 'stdout', text: 'b' }]);
  expect(after(print('a'), { kind: 'clear', wait: false }).outputs).toEqual([]);
});

test('a display is updated in its place, twice if shown twice', () => {
  const shown = after(display('0', 'd'), print('x'), display('0', 'd'), display('0', 'other'));
  const updated = update(shown, { kind: 'update', displayId: 'd', data: { 'text/plain': '1' }, metadata: {} });
  expect(updated.outputs.map((output) => (output.kind === 'display' ? output.data['text/plain'] : '-'))).toEqual(['1', '-', '1', '0']);
});

test('an update of a display shown elsewhere changes nothing here', () => {
  const shown = after(print('x'));
  expect(update(shown, { kind: 'update', displayId: 'd', data: {}, metadata: {} })).toBe(shown);
});

test('a progress bar of 10,000 steps stays one line, whatever the chunks', () => {
  const shown = Array.from({ length: 10_000 }, (_, i) => print(`step ${i}\r`)).reduce(show, nothingShown);
  const [only] = shown.outputs;
  const text = only?.kind === 'stream' ? only.text : '';
  expect(text.length).toBeLessThan(100);
  expect(applyControls(text)).toBe('step 9999');
  expect(applyControls(text + 'X')).toBe('Xtep 9999');
});

test('endless printing is cut in the middle', () => {
  const shown = Array.from({ length: 40 }, () => print('x'.repeat(100_000))).reduce(show, nothingShown);
  const [only] = shown.outputs;
  expect(only?.kind === 'stream' && only.text.length).toBeLessThanOrEqual(longestStream);
});

test('messages of the kernel become events, the rest is nothing', () => {
  expect(eventOf({ type: 'stream', content: { name: 'stdout', text: 'a' } })).toEqual(print('a'));
  expect(eventOf({ type: 'display_data', content: { data: { 'text/plain': 'x' }, metadata: {}, transient: { display_id: 'd' } } })).toEqual(display('x', 'd'));
  expect(eventOf({ type: 'execute_input', content: { execution_count: 3 } })).toEqual({ kind: 'count', executionCount: 3 });
  expect(eventOf({ type: 'status', content: { execution_state: 'idle' } })).toBeUndefined();
});
