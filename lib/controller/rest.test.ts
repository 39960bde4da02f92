import { expect, test } from 'vitest';
import { restMs } from './rest.ts';

// Seen to fail without the rest, without its most, and with the time that was waited anyhow left out.
test('a pass has a fifth of the time: the next one waits four times the processor time it took, a second at most', () => {
  expect(restMs({ user: 15_000, system: 5_000 }, 0)).toBe(80);
  expect(restMs({ user: 15_000, system: 5_000 }, 50)).toBe(30);
  expect(restMs({ user: 900_000, system: 100_000 }, 0)).toBe(1_000);
});

test('and events of the same moment are one pass', () => {
  expect(restMs({ user: 100, system: 0 }, 0)).toBe(10);
  expect(restMs({ user: 15_000, system: 5_000 }, 3_000)).toBe(10);
});
