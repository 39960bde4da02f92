import { expect, test, vi } from 'vitest';
import { withFrames } from './frame.fixture.ts';
import { makeTopics } from './store.client.ts';

const { paint, waiting } = withFrames();

function heard() {
  const topics = makeTopics<'a' | 'b'>();
  const told: string[] = [];
  for (const topic of ['a', 'b'] as const) topics.subscribe(topic, () => told.push(topic));
  return { ...topics, told };
}

// Seen to fail with `tellSoon` that tells at once, and without its `soon.has(topic)` at the beginning: two frames' works for one topic.
test('what is told soon is told with the next frame, once however often it was said', () => {
  const { tellSoon, told } = heard();
  tellSoon('a');
  tellSoon('a');
  tellSoon('b');
  expect(told).toEqual([]);
  expect(waiting()).toHaveLength(2);
  paint();
  expect(told).toEqual(['a', 'b']);
  tellSoon('a');
  paint();
  expect(told).toEqual(['a', 'b', 'a']);
});

// Seen to fail without the question in the frame, and without `soon.delete` in `tell`.
test('what was told meanwhile is not told again with the frame', () => {
  const { tell, tellSoon, told } = heard();
  tellSoon('a');
  tell('a');
  paint();
  expect(told).toEqual(['a']);
});

// Seen to fail without the timer of frame.client.ts, and, with it, without `done`: then it was told twice.
test('a page that nobody sees is told within a second, and not once more when it is seen', () => {
  const { tellSoon, told } = heard();
  tellSoon('a');
  vi.advanceTimersByTime(999);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual(['a']);
  tellSoon('a');
  waiting().shift()!();
  expect(told).toEqual(['a']);
});
