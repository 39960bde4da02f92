import { expect, test } from 'vitest';
import { actions, judged, percentile, turnedTable, type HostileReport } from './hostile-figures.ts';

const MB = 1 << 20;
const took = (ms: number) => ({ 'click to output': [ms], save: [ms], cell: [ms] });
const held = (mb: number) => ({ web: mb, gateway: mb, controller: mb });
const standing = { pids: { web: 1, gateway: 2, controller: 3, postgres: 4 }, epoch: '1' };
const grown = (database: number) => ({ database, beside: 0, kept: database });

const calm: HostileReport = {
  seed: 1, learners: 40, strangers: 4, minutes: 10,
  took: { quiet: took(100), hostile: took(150) },
  failed: { quiet: 0, hostile: 0 },
  peakMb: { quiet: held(100), hostile: held(164) },
  restMb: [held(100), held(164)],
  standing: [standing, standing],
  grown: { quiet: grown(MB), hostile: grown(MB) },
  acknowledged: { quiet: MB, hostile: MB },
  turned: [],
};
const missed = (report: Partial<HostileReport>) => judged({ ...calm, ...report }).filter(({ judged: on }) => on && !on.holds).map(({ what }) => what);

test('a drill in which nobody noticed anything holds in every line', () => {
  expect(missed({})).toEqual([]);
});

test.each<[string, Partial<HostileReport>]>([
  ['save, p95', { took: { quiet: took(100), hostile: { ...took(100), save: [151] } } }],
  ['click to output, p95', { took: { quiet: took(100), hostile: { ...took(100), 'click to output': [151] } } }],
  ['asked in vain by the others', { failed: { quiet: 0, hostile: 1 } }],
  ['web: memory at most', { peakMb: { quiet: held(100), hostile: { ...held(100), web: 165 } } }],
  ['gateway: memory before and after', { restMb: [held(100), { ...held(100), gateway: 165 }] }],
  ['programs that were started again', { standing: [standing, { ...standing, pids: { ...standing.pids, controller: 5 } }] }],
  ['epoch of the lease', { standing: [standing, { ...standing, epoch: '2' }] }],
  ['files kept (acknowledged)', { grown: { quiet: grown(0), hostile: { ...grown(0), kept: MB + 1 } } }],
  ['database grew by', { grown: { quiet: grown(0), hostile: { ...grown(0), database: 18 * MB } } }],
])('what others noticed is told by its line: %s', (what, report) => {
  expect(missed(report)).toEqual([what]);
});

test('a drill in which nothing was measured does not hold', () => {
  expect(missed({ took: { quiet: took(100), hostile: { 'click to output': [], save: [], cell: [] } } })).toEqual(actions.slice(0, 2).map((action) => `${action}, p95`));
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, n) => 99 - n);
  expect([percentile(values, 50), percentile(values, 95), percentile([7], 95)]).toEqual([50, 95, 7]);
});

test('how hostile servers ended is told by kind and reason', () => {
  const turned = [{ kind: 'huge', ended: 'protocol', afterS: 1 }, { kind: 'huge', ended: 'protocol', afterS: 3 }, { kind: 'huge', ended: 'hung', afterS: 40 }] as const;
  expect(turnedTable([...turned])).toContain('| huge | 3 | protocol 2 (after 3 s), hung 1 (after 40 s) |');
});
