import { expect, test } from 'vitest';
import type { ServerId, WorkspaceId } from '../ids.ts';
import { viewOf } from './describe.ts';
import { decideOpen } from './open.ts';
import type { Server } from './server.ts';

const nine = new Date('2026-01-05T09:00:00Z');
const common = { ref: { id: 's' as ServerId, generation: 7 }, profile: 'default', desired: 'run', since: nine } as const;
const workspace = 'w' as WorkspaceId;
const running = { ...common, state: 'running', workspace, address: { kind: 'unix', path: '/run/secret.sock' }, instance: 'i', claimedAt: nine, markedAt: nine, activity: { activeAt: nine } } satisfies Server;
const limits = { warningMs: 0, lifetimeMs: 3_600_000 };

test('a waiting learner reads the stage, the place and the estimate', () => {
  expect(viewOf({ ...common, state: 'requested', workspace, attempts: 0 }, { place: 3, estimateMs: 9_000 }, limits)).toEqual({ state: 'waiting', id: 's', stage: 'queued', say: 'Waiting for a place', place: 3, estimateMs: 9_000 });
  expect(viewOf({ ...common, state: 'starting', workspace, stage: 'kernel', attempts: 0 }, undefined, limits)).toMatchObject({ state: 'waiting', say: 'Starting Python' });
});

test('a claimed server is ready once it is marked, and says when it will end once it is warned', () => {
  expect(viewOf({ ...running, markedAt: undefined }, undefined, limits)).toMatchObject({ state: 'waiting', stage: 'files' });
  expect(viewOf(running, undefined, limits)).toEqual({ state: 'ready', id: 's', generation: 7 });
  expect(viewOf({ ...running, activity: { activeAt: nine, warnedAt: nine } }, undefined, { ...limits, warningMs: 120_000 })).toMatchObject({ endsAt: '2026-01-05T09:02:00.000Z' });
});

test('a server that ends for its age says so: keeping it would not help', () => {
  const at = (minutes: number) => new Date(nine.getTime() + minutes * 60_000);
  const warned = (minutes: number) => viewOf({ ...running, activity: { activeAt: at(minutes), warnedAt: at(minutes) } }, undefined, { ...limits, warningMs: 120_000 });
  expect(warned(57)).not.toHaveProperty('isOld');
  expect(warned(58)).toMatchObject({ isOld: true, endsAt: '2026-01-05T10:00:00.000Z' });
});

test('a ready server names what on it cannot be kept', () => {
  expect(viewOf({ ...running, unkept: [{ path: 'big.bin', why: 'size' }] }, undefined, limits)).toMatchObject({ state: 'ready', unkept: [{ path: 'big.bin', why: 'size' }] });
});

test('no view holds an address or an instance', () => {
  expect(JSON.stringify(viewOf(running, undefined, limits))).not.toMatch(/secret|"i"/);
});

test('an end is told with its cause, and a wish to stop at once', () => {
  expect(viewOf({ ...common, state: 'failed', workspace, reason: 'memory' }, undefined, limits)).toMatchObject({ state: 'ended', reason: 'memory', say: expect.stringContaining('more memory') });
  expect(viewOf({ ...running, desired: 'stop', why: 'requested' }, undefined, limits)).toMatchObject({ state: 'stopping' });
});

test('opening claims where nothing lives, waits where something comes or goes, and enters what runs', () => {
  expect(decideOpen(undefined)).toBe('claim');
  expect(decideOpen({ ...common, state: 'stopped', workspace, reason: 'idle' })).toBe('claim');
  expect(decideOpen({ ...common, state: 'starting', workspace, stage: 'booting', attempts: 0 })).toBe('wait');
  expect(decideOpen({ ...common, state: 'stopping', workspace, reason: 'idle' })).toBe('wait');
  expect(decideOpen({ ...running, desired: 'stop' })).toBe('wait');
  expect(decideOpen(running)).toBe('enter');
});
