import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { UpstreamError } from '../errors.ts';
import type { Access, Jupyter } from './jupyter.ts';
import type { Address, ServerRef } from './server.ts';
import type { ServerSecrets } from './spawner.ts';

/** Newest first. New servers get secrets of the first; one made before the root secret was changed has those of a later one. */
export type ServerKeys = readonly { server: Uint8Array }[];

/** Making one takes longer than the digest. */
const made = new WeakMap<Uint8Array, KeyObject>();
function keyObject(key: Uint8Array): KeyObject {
  const object = made.get(key) ?? createSecretKey(key);
  made.set(key, object);
  return object;
}

/**
 * The secrets of one server, worked out anew by each program from one of the installation's server keys, so that no table
 * holds them. A later generation of the same id has others.
 */
export function serverSecrets(key: Uint8Array, { id, generation }: ServerRef): ServerSecrets {
  const derive = (purpose: string) => createHmac('sha256', keyObject(key)).update(`${purpose}:${id}:${generation}`).digest('base64url');
  return { token: derive('token'), identityKey: derive('identity') };
}

type Place = { ref: ServerRef; address: Address };

/** The way to the server by the key with which it proves itself; else what was found there instead. */
export async function findAccess(jupyter: Pick<Jupyter, 'prove'>, keys: ServerKeys, { ref, address }: Place): Promise<Access | 'other' | 'absent'> {
  let found: 'other' | 'absent' = 'absent';
  for (const { server } of keys) {
    const access = { ref, address, secrets: serverSecrets(server, ref) };
    const proof = await jupyter.prove(access);
    if (proof === 'proven') return access;
    found = proof;
  }
  return found;
}

/** The same without a question where there is one key only. @throws UpstreamError when none of several is the server's */
export async function accessTo(jupyter: Pick<Jupyter, 'prove'>, keys: ServerKeys, { ref, address }: Place): Promise<Access> {
  if (keys.length === 1) return { ref, address, secrets: serverSecrets(keys[0]!.server, ref) };
  const access = await findAccess(jupyter, keys, { ref, address });
  if (typeof access === 'string') throw new UpstreamError('jupyter', `server ${ref.id} proves itself with no key (${access})`, undefined);
  return access;
}
