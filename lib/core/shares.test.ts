import { expect, test } from 'vitest';
import { makeShares, type Leave } from './shares.ts';

/** Asks, and notes who gets in, in the order they do. */
function crowd(shares: ReturnType<typeof makeShares>) {
  const inside: { who: string; leave: Leave }[] = [];
  const turnedAway: string[] = [];
  const ask = (who: string) => void shares.enter(who).then((leave) => (leave ? inside.push({ who, leave }) : turnedAway.push(who)));
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { inside, turnedAway, ask, settled, names: () => inside.map(({ who }) => who).join('') };
}

// Seen to fail, each, with no bound for each, with one queue in the order of asking, and with no bound for the queue.
test('T50 whoever asks four hundred times waits for themselves, and is turned away past their queue', async () => {
  const { inside, turnedAway, ask, settled, names } = crowd(makeShares({ each: 2, all: 3, waiting: 10 }));
  for (let n = 0; n < 400; n += 1) ask('a');
  await settled();
  expect([names(), turnedAway.length]).toEqual(['aa', 388]);
  ask('b');
  ask('b');
  ask('c');
  await settled();
  expect(names()).toBe('aab');
  for (let n = 0; n < 3; n += 1) inside[n]!.leave();
  await settled();
  expect(names()).toBe('aababc');
});

// Seen to fail with a turn given back as often as it is said to be.
test('a turn that is given back twice is one turn', async () => {
  const { inside, ask, settled, names } = crowd(makeShares({ each: 1, all: 1, waiting: 10 }));
  for (const who of ['a', 'b', 'c']) ask(who);
  await settled();
  inside[0]!.leave();
  inside[0]!.leave();
  await settled();
  expect(names()).toBe('ab');
});
