import { expect, test } from 'vitest';
import type { ServerId, WorkspaceId } from '../ids.ts';
import { viewOf } from './describe.ts';
import { decideOpen } from './open.ts';
import type { Server } from './server.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const common = { ref: { id: 's' as ServerId, generation: 7 }, profile: 'default', desired: 'run', since: nine } as const;
const workspace = 'w' as WorkspaceId;
const running = { ...common, state: 'running', workspace, address: { kind: 'unix', path: '/run/secret.sock' }, instance: 'i', claimedAt: nine, markedAt: nine, activity: { activeAt: nine } } satisfies Server;

test('a waiting learner reads the stage, the place and the estimate', () => {
  expect(viewOf({ ...common, state: 'requested', workspace, attempts: 0 }, { place: 3, estimateMs: 9_000 }, 0)).toEqual({ state: 'waiting', id: 's', stage: 'queued', say: 'Waiting for a place', place: 3, estimateMs: 9_000 });
  expect(viewOf({ ...common, state: 'starting', workspace, stage: 'kernel', attempts: 0 }, undefined, 0)).toMatchObject({ state: 'waiting', say: 'Starting Python' });
});

test('a claimed server is ready once it is marked, and says when it will end once it is warned', () => {
  expect(viewOf({ ...running, markedAt: undefined }, undefined, 0)).toMatchObject({ state: 'waiting', stage: 'files' });
  expect(viewOf(running, undefined, 0)).toEqual({ state: 'ready', id: 's', generation: 7 });
  expect(viewOf({ ...running, activity: { activeAt: nine, warnedAt: nine } }, undefined, 120_000)).toMatchObject({ endsAt: '2026-01-05T09:02:00.000Z' });
});

test('a ready server names what on it cannot be kept', () => {
  expect(viewOf({ ...running, unkept: [{ path: 'big.bin', why: 'size' }] }, undefined, 0)).toMatchObject({ state: 'ready', unkept: [{ path: 'big.bin', why: 'size' }] });
});

test('no view holds an address or an instance', () => {
  expect(JSON.stringify(viewOf(running, undefined, 0))).not.toMatch(/secret|"i"/);
});

test('an end is told with its cause, and a wish to stop at once', () => {
  expect(viewOf({ ...common, state: 'failed', workspace, reason: 'memory' }, undefined, 0)).toMatchObject({ state: 'ended', reason: 'memory', say: expect.stringContaining('more memory') });
  expect(viewOf({ ...running, desired: 'stop', why: 'requested' }, undefined, 0)).toMatchObject({ state: 'stopping' });
});

test('opening claims where nothing lives, waits where something comes or goes, and enters what runs', () => {
  expect(decideOpen(undefined)).toBe('claim');
  expect(decideOpen({ ...common, state: 'stopped', workspace, reason: 'idle' })).toBe('claim');
  expect(decideOpen({ ...common, state: 'starting', workspace, stage: 'booting', attempts: 0 })).toBe('wait');
  expect(decideOpen({ ...common, state: 'stopping', workspace, reason: 'idle' })).toBe('wait');
  expect(decideOpen({ ...running, desired: 'stop' })).toBe('wait');
  expect(decideOpen(running)).toBe('enter');
});
