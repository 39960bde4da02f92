import { expect, test } from 'vitest';
import type { Sha256, WorkspaceId } from '../ids.ts';
import { anySecrets, anyServer } from '../servers/server.fixture.ts';
import { makeSnapshots } from './snapshots.ts';
import { summary, type UnkeptSummary } from './unkept.ts';

// Seen to fail with each file told of by itself, and with names as long as they come.
test('T41 a listing of 20,000 names that cannot be kept is one line of the log, and a short one', async () => {
  const told: UnkeptSummary[] = [];
  const entries = Array.from({ length: 20_000 }, (_, index) => ({ kind: 'file' as const, path: `\u0007${index}${'n'.repeat(890)}`, size: 1, sha256: 'a'.repeat(64) as Sha256, modifiedMs: 0 }));
  const never = () => {
    throw new Error('nothing of it is touched');
  };
  const snapshots = makeSnapshots({
    workspaces: { manifest: async () => new Map(), files: async () => [] } as unknown as Parameters<typeof makeSnapshots>[0]['workspaces'],
    blobs: { put: never, get: never },
    notebooks: { same: never },
    jupyter: { list: async () => ({ entries, complete: true }), read: never, remove: never },
    putBack: { putLocked: never },
    limitBytes: 1e9,
    now: () => new Date(),
    store: { setUnkept: async () => undefined },
    onUnkept: (facts) => told.push(facts),
  });
  const access = { ref: anyServer(), address: { kind: 'unix' as const, path: '/nowhere' }, secrets: anySecrets() };
  for (let times = 0; times < 2; times += 1) await snapshots.take(access, 'w' as WorkspaceId);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ count: 20_000, why: { name: 20_000 } });
  expect(JSON.stringify(told[0]).length).toBeLessThan(2_048);
});

// Seen to fail with what a terminal obeys left in, and with a failure's own words counted as a cause.
test('T41 of what a stranger named a log has no character that a terminal obeys, and no more causes than there are', () => {
  const left = Array.from({ length: 50 }, (_, index) => ({ path: `a\u001b[2J\n\u202Eb${index}`, why: index % 2 ? 'size' : `it failed in way ${index}` }));
  const { why, some } = summary(left);
  expect(why).toEqual({ size: 25, failed: 25 });
  expect(some[0]?.path).toBe('a\ufffd[2J\ufffd\ufffdb0');
});
