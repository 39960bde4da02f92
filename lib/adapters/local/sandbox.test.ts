import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { adviceFor } from './probe.ts';
import { sandboxed, type SandboxPlaces } from './sandbox.ts';
import { refusedCalls, seccompFilter, watchedCalls } from './seccomp.ts';

const places: SandboxPlaces = { bwrap: '/usr/bin/bwrap', pythonDir: '/srv/site/.lectern/python', pythonHome: '/usr', hidden: ['/usr/src/site', '/srv/site'], network: false };
const command = (kind: 'root' | 'user', change: Partial<SandboxPlaces> = {}) => sandboxed(kind, 5000, { diskBytes: 4000, processes: 99 }, { ...places, ...change }, ['program']).join(' ');

test('a sandbox has no network, unless notebooks may use it', () => {
  expect(command('user')).toContain('--unshare-net');
  expect(command('user', { network: true })).not.toContain('--unshare-net');
});

test('nothing of the machine is writable inside: every bind is read-only', () => {
  expect(command('root')).not.toMatch(/--(dev-)?bind(-try)? /);
});

test('all that can be written to has a size, and the rest is made read-only last', () => {
  const line = command('user');
  const sized = [...line.matchAll(/--perms \d+ --size (\d+) --tmpfs (\S+)/g)].map(([, size, at]) => [at, size]);
  expect(Object.fromEntries(sized)).toEqual({ '/tmp': '1000', '/dev/shm': '1000', '/home/learner': '4000', '/run/lectern': '1000' });
  expect(line.match(/--tmpfs/g)).toHaveLength(4);
  expect(line.indexOf('--remount-ro /')).toBeGreaterThan(line.lastIndexOf('--tmpfs'));
});

test('a site below a system folder is hidden, and the Python it holds is still there', () => {
  const line = sandboxed('root', 5000, { diskBytes: 1, processes: 1 }, { ...places, hidden: ['/usr/share/site'], pythonDir: '/usr/share/site/.lectern/python' }, ['p']).join(' ');
  expect(line).toContain('--tmpfs /usr/share/site');
  expect(line.indexOf('--tmpfs /usr/share/site')).toBeLessThan(line.indexOf('--ro-bind /usr/share/site/.lectern/python /opt/lectern/python'));
});

test('root becomes a uid of the sandbox’s own without privileges; anyone else gets a user namespace', () => {
  expect(command('root')).toContain('setpriv --reuid 5000 --regid 5000 --clear-groups --no-new-privs');
  expect(command('root')).not.toContain('--unshare-user');
  expect(command('user')).toContain('--unshare-user --uid 5000 --gid 5000');
});

test('the filter of calls is whole instructions, and there is none for a machine whose numbers are not known', () => {
  expect(seccompFilter('x64')!.length % 8).toBe(0);
  expect(seccompFilter('arm64')).toBeDefined();
  expect(seccompFilter('mips')).toBeUndefined();
});

test('the advice names the mend', () => {
  expect(adviceFor('bwrap: No permissions to create new namespace')).toMatch(/sysctl|AppArmor/);
  expect(adviceFor('bwrap: Unknown option --size')).toMatch(/too old/);
});

// Seen to fail with one number changed by one.
test('the numbers of refused calls are those of this system’s own headers, each once', () => {
  const known = { ...refusedCalls, ...watchedCalls };
  for (const architecture of ['x64', 'arm64'] as const) expect(new Set(Object.values(known).map((numbers) => numbers[architecture])).size).toBe(Object.keys(known).length);
  const headers = { x64: ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'], arm64: ['/usr/include/asm-generic/unistd.h'] };
  for (const [architecture, places] of Object.entries(headers) as ['x64' | 'arm64', string[]][]) {
    const place = places.find((at) => existsSync(at));
    if (!place) continue;
    const text = readFileSync(place, 'utf8');
    for (const [name, numbers] of Object.entries(known)) expect([name, Number(new RegExp(`#define __NR3?\\d*_?${name}\\s+(\\d+)`).exec(text)?.[1])]).toEqual([name, numbers[architecture]]);
  }
});
