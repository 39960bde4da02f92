import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { ServerId } from '../ids.ts';
import { serverSecrets } from './secrets.ts';

const key = new Uint8Array(32).fill(7);
const ref = { id: '0d4cb5f0-6f0b-4f6f-9d0a-3f6f0f0a0001' as ServerId, generation: 4 };

test('every program works out the same secrets from the key and the reference', () => {
  expect(serverSecrets(key, ref)).toEqual(serverSecrets(new Uint8Array(key), { ...ref }));
  expect(serverSecrets(key, ref).token).toBe(createHmac('sha256', key).update(`token:${ref.id}:4`).digest('base64url'));
});

test('token and identity key differ, and so do those of another generation, server and installation', () => {
  const all = [serverSecrets(key, ref), serverSecrets(key, { ...ref, generation: 5 }), serverSecrets(key, { ...ref, id: 'other' as ServerId }), serverSecrets(new Uint8Array(32).fill(8), ref)];
  expect(new Set(all.flatMap(({ token, identityKey }) => [token, identityKey])).size).toBe(8);
});
