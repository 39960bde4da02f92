import { randomBytes } from 'node:crypto';
import type { ServerId } from '../ids.ts';
import type { Profile, ServerRef } from './server.ts';
import type { ServerSecrets } from './spawner.ts';

const MB = 1 << 20;

/** What a test's server is made from, unless it is about a limit. */
export const anyProfile: Profile = {
  name: 'test',
  cpus: 1,
  memoryBytes: 768 * MB,
  diskBytes: 200 * MB,
  processes: 150,
  lifetimeMs: 3_600_000,
  idleMs: 3_600_000,
  poolFloor: 0,
  startDeadlineMs: 120_000,
};

/** A server nobody has made yet. */
export const anyServer = (): ServerRef => ({ id: randomBytes(8).toString('hex') as ServerId, generation: 1 });

export const anySecrets = (): ServerSecrets => ({ token: randomBytes(16).toString('hex'), identityKey: randomBytes(16).toString('hex') });
