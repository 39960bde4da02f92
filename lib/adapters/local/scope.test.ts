import { expect, test } from 'vitest';
import { inScope, readTrial } from './scope.ts';

const limits = { cpus: 1.5, memoryBytes: 1000, processes: 92 };

test('a command is run in a scope with the limits of the whole server', () => {
  expect(inScope({ program: '/usr/bin/systemd-run', whose: 'system' }, 'a-1', limits).join(' ')).toBe(
    '/usr/bin/systemd-run --scope --quiet --collect --unit=lectern-a-1 -p MemoryMax=1000 -p MemorySwapMax=0 -p TasksMax=100 -p CPUQuota=150% --',
  );
});

test('who is not root asks the systemd of the session', () => {
  expect(inScope({ program: '/usr/bin/systemd-run', whose: 'user' }, 'a-1', limits)).toContain('--user');
});

test('a scope counts as what its trial saw: without a limit of memory it is none', () => {
  expect(readTrial('67108864\n64\n100000 100000\n')).toEqual({ processes: true, cpu: true });
  expect(readTrial('67108864\n64\n')).toEqual({ processes: true, cpu: false });
  expect(readTrial('67108864\nmax\nmax 100000\n')).toEqual({ processes: false, cpu: false });
  expect(readTrial('max\n64\n100000 100000\n')).toBeUndefined();
  expect(readTrial('')).toBeUndefined();
});
