import { expect, test } from 'vitest';
import { add, nothing, oneFailed, oneSkipped, onePassed, tallyPlaywright, tallyVitest, totals } from './tally.ts';

test('the last line counts what passed, failed and was skipped', () => {
  expect(totals([onePassed, onePassed, oneFailed('a'), oneSkipped('b')].reduce(add, nothing))).toBe('2 passed, 1 failed, 1 skipped');
});

test('each failed test of a vitest report is named with its file', () => {
  const assertionResults = [{ fullName: 'adds', status: 'passed' }, { fullName: 'T1 refuses', status: 'failed' }, { fullName: 'needs bwrap', status: 'skipped' }];
  const tally = tallyVitest({ testResults: [{ name: '/tree/lib/a.test.ts', status: 'failed', assertionResults }] }, '/tree');
  expect(tally).toEqual({ passed: 1, failures: ['lib/a.test.ts: T1 refuses'], skips: ['lib/a.test.ts: needs bwrap'] });
});

test('a file that cannot be loaded is a failure though it has no failed test', () => {
  const tally = tallyVitest({ testResults: [{ name: '/tree/lib/b.test.ts', status: 'failed', message: 'no such import\nat x', assertionResults: [] }] }, '/tree');
  expect(tally.failures).toEqual(['lib/b.test.ts: no such import']);
});

test('a browser test that passed only at its second try counts as failed', () => {
  const spec = (title: string, status: string) => ({ title, file: 'a.spec.ts', tests: [{ status }] });
  const suites = [{ title: 'a.spec.ts', suites: [{ title: 'inner', specs: [spec('opens', 'flaky')] }], specs: [spec('signs in', 'expected')] }];
  expect(tallyPlaywright({ suites, errors: [] })).toEqual({ passed: 1, failures: ['a.spec.ts: opens'], skips: [] });
});

test('an error outside every browser test is a failure too', () => {
  expect(tallyPlaywright({ suites: [], errors: [{ message: 'global setup failed\nwhy' }] }).failures).toEqual(['browser: global setup failed']);
});
