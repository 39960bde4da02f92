import { createHmac } from 'node:crypto';
import type { ServerRef } from './server.ts';
import type { ServerSecrets } from './spawner.ts';

/**
 * The secrets of one server, worked out anew by each program from the installation's server key (`keys[0].server`), so
 * that no table holds them. A later generation of the same id has others.
 */
export function serverSecrets(key: Uint8Array, { id, generation }: ServerRef): ServerSecrets {
  const derive = (purpose: string) => createHmac('sha256', key).update(`${purpose}:${id}:${generation}`).digest('base64url');
  return { token: derive('token'), identityKey: derive('identity') };
}
