import { expect, test } from 'vitest';
import { shortfallsOf } from './shortfalls.ts';

const root = { kind: 'root' } as const;

test('a machine with a sandbox and cgroups lacks nothing', () => {
  expect(shortfallsOf(root, { memory: 'cgroup', processes: 'cgroup', cpu: 'cgroup', disk: 'sized' })).toEqual([]);
});

test('without groups memory and CPU are named with the mend; processes are counted by the sandbox', () => {
  const found = shortfallsOf({ kind: 'user' }, { memory: 'watchdog', processes: 'per-user', cpu: 'none', disk: 'sized' });
  expect(found.map(({ lacks }) => lacks)).toEqual(['memory', 'cpu']);
  expect(found[0]!.mend).toContain('systemd');
});

test('without a sandbox its advice is the mend of all that it would bring', () => {
  const found = shortfallsOf({ kind: 'none', advice: 'Install it.' }, { memory: 'cgroup', processes: 'none', cpu: 'cgroup', disk: 'none' });
  expect(found).toEqual((['sandbox', 'processes', 'disk'] as const).map((lacks) => ({ lacks, mend: 'Install it.' })));
});
