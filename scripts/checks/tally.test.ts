import { expect, test } from 'vitest';
import { add, nothing, oneFailed, oneSkipped, onePassed, tallyPlaywright, tallyVitest, totals } from './tally.ts';

test('the last line counts what passed, failed and was skipped', () => {
  expect(totals([onePassed, onePassed, oneFailed('a'), oneSkipped('b')].reduce(add, nothing))).toBe('2 passed, 1 failed, 1 skipped');
});

test('each failed test of a vitest report is named with its file', () => {
  const assertionResults = [{ fullName: 'adds', status: 'passed' }, { fullName: 'T1 refuses', status: 'failed' }, { fullName: 'needs bwrap', status: 'skipped' }];
  const tally = tallyVitest({ testResults: [{ name: '/tree/lib/a.test.ts', status: 'failed', assertionResults }] }, '/tree');
  expect(tally).toEqual({ passed: 1, failures: [{ name: 'lib/a.test.ts: T1 refuses', test: { file: 'lib/a.test.ts', title: 'T1 refuses' } }], skips: ['lib/a.test.ts: needs bwrap'], flaky: [] });
});

test('a file that cannot be loaded is a failure though it has no failed test', () => {
  const tally = tallyVitest({ testResults: [{ name: '/tree/lib/b.test.ts', status: 'failed', message: 'no such import\nat x', assertionResults: [] }] }, '/tree');
  expect(tally.failures).toEqual([{ name: 'lib/b.test.ts: no such import' }]);
});

test('what a file found left at its end is a failure of its own beside that of a test', () => {
  const assertionResults = [{ fullName: 'adds', status: 'failed' }];
  const tally = tallyVitest({ testResults: [{ name: '/tree/lib/b.test.ts', status: 'failed', message: 'left: a process', assertionResults }] }, '/tree');
  expect(tally.failures.map(({ name }) => name)).toEqual(['lib/b.test.ts: left: a process', 'lib/b.test.ts: adds']);
});

const spec = (title: string, status: string, annotations: { type: string; description?: string }[] = []) => ({ title, file: 'a.spec.ts', tests: [{ status, annotations }] });

test('a browser test that passed only at its second try counts as failed, and is found by its whole title', () => {
  const suites = [{ title: 'a.spec.ts', suites: [{ title: 'inner', specs: [spec('opens', 'flaky')] }], specs: [spec('signs in', 'expected')] }];
  expect(tallyPlaywright({ suites, errors: [] })).toEqual({ passed: 1, failures: [{ name: 'a.spec.ts: inner › opens', test: { file: 'a.spec.ts', title: 'inner opens' } }], skips: [], flaky: [] });
});

test('a browser test that never ran since another failed is no skipped one', () => {
  const tally = tallyPlaywright({ suites: [{ title: 'a.spec.ts', specs: [spec('a', 'skipped', [{ type: 'skip', description: 'no Caddy' }]), spec('b', 'skipped')] }], errors: [] });
  expect(tally.skips).toEqual(['a.spec.ts: a (no Caddy)']);
  expect(tally.failures.map(({ name }) => name)).toEqual(['a.spec.ts: b (did not run)']);
});

test('an error outside every browser test is a failure too', () => {
  expect(tallyPlaywright({ suites: [], errors: [{ message: 'global setup failed\nwhy' }] }).failures).toEqual([{ name: 'browser: global setup failed' }]);
});
