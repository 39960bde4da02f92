import { expect, test } from 'vitest';
import { AGAIN_MS, isWorthAgain, MOST, passedAlone } from './again.ts';
import { lines } from './report.ts';
import { onePlaywright, oneVitest } from './runners.ts';
import { add, nothing, oneFailed, oneFlaky, onePassed, oneSkipped } from './tally.ts';

test('few failures are tried again, many are not, and none without the time for it', () => {
  expect(isWorthAgain({ failed: MOST, timeLeftMs: AGAIN_MS })).toBe(true);
  expect(isWorthAgain({ failed: MOST + 1, timeLeftMs: AGAIN_MS })).toBe(false);
  expect(isWorthAgain({ failed: 1, timeLeftMs: AGAIN_MS - 1 })).toBe(false);
});

test('a second try passes by one test that ran and passed, and by nothing else', () => {
  expect(passedAlone(add(onePassed, oneSkipped('its neighbour')))).toBe(true);
  for (const other of [nothing, oneSkipped('it'), oneFailed('it'), add(onePassed, onePassed), add(onePassed, oneFailed('left: a process'))]) expect(passedAlone(other)).toBe(false);
});

test('titles with signs choose that test alone', () => {
  expect(oneVitest({ file: 'lib/a.k8s.test.ts', title: 'a (b+c) ends?' })).toEqual(['lib/a.k8s.test.ts', '-t', '^a \\(b\\+c\\) ends\\?$']);
  expect(onePlaywright({ file: 'a.spec.ts', title: 'a/b' })).toEqual(['/\\/a\\.spec\\.ts$/', '--grep', '/^ *a\\.spec\\.ts a\\/b$/']);
});

test('the last lines say what each stage took, name flaky tests and count them apart; the very last stays as it is', () => {
  const times = [{ name: 'types', ms: 16_900 }, { name: 'browser', ms: 1_500_000 }];
  const tally = [onePassed, oneFlaky('a.spec.ts: opens'), oneFailed('b'), oneSkipped('c')].reduce(add, nothing);
  const told = lines({ tally, times });
  expect(told).toEqual(['', 'skipped  c', '    17 s types', '  1500 s browser', '  1517 s all', 'flaky    a.spec.ts: opens', 'FAILED   b', '1 flaky: failed at first, passed when run once more alone', '2 passed, 1 failed, 1 skipped']);
});
