import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { GrantFacts } from './grant.ts';
import { signGrant, signPass, verifyGrant, verifyPass } from './grant.ts';

const facts = { sid: 's1', sub: 'u1', wsp: 'w1', key: 'abcdefghij2345abcdef', srv: 'v1', gen: 7 } as GrantFacts;
const key = (kid: string, fill: number) => ({ kid, grant: new Uint8Array(32).fill(fill) });
const keys = [key('now', 1), key('before', 2)];
const nine = new Date('2026-01-05T09:00:00Z');
const later = (seconds: number) => new Date(nine.getTime() + seconds * 1000);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** A token with these changes and a signature that fits them: what an attacker with that key could make. */
function forge(token: string, header: object, payload: object, secret: Uint8Array, hash = 'sha256') {
  const [h, p] = token.split('.') as [string, string];
  const input = `${encode({ ...decode(h), ...header })}.${encode({ ...decode(p), ...payload })}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

test('a grant says what was signed, and nothing but letters a header may carry', async () => {
  const grant = await signGrant(facts, keys, nine);
  expect(await verifyGrant(grant, keys, later(59))).toMatchObject(facts);
  expect(grant).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
});

// Seen to fail without `clockTolerance`, and without `currentDate`.
test('T3 a grant is good for a minute, and 30 s longer where clocks differ', async () => {
  const grant = await signGrant(facts, keys, nine);
  expect(await verifyGrant(grant, keys, later(-30))).toMatchObject(facts);
  expect(await verifyGrant(grant, keys, later(60 + 29))).toMatchObject(facts);
  expect(await verifyGrant(grant, keys, later(60 + 31))).toBeUndefined();
});

test('T3 a pass is good for ten minutes, and 30 s longer where clocks differ', async () => {
  const pass = await signPass(facts, keys, nine);
  expect(await verifyPass(pass, keys, later(600 + 29))).toEqual({ ...facts, expiresAt: later(600) });
  expect(await verifyPass(pass, keys, later(600 + 31))).toBeUndefined();
});

// Seen to fail without the comparison of `scope`.
test('T3 a grant is no pass and a pass is no grant', async () => {
  expect(await verifyPass(await signGrant(facts, keys, nine), keys, nine)).toBeUndefined();
  expect(await verifyGrant(await signPass(facts, keys, nine), keys, nine)).toBeUndefined();
});

// Seen to fail without `algorithms`, without `requiredClaims`, and with the newest key taken whatever the `kid`.
test('T3 another algorithm, none, another key or a changed claim is refused', async () => {
  const grant = await signGrant(facts, keys, nine);
  const [h, p, s] = grant.split('.') as [string, string, string];
  const refused = [
    forge(grant, { alg: 'HS512' }, {}, keys[0]!.grant, 'sha512'),
    `${encode({ ...decode(h), alg: 'none' })}.${p}.`,
    `${encode({ alg: 'none' })}.${p}.${s}`,
    forge(grant, { kid: 'elsewhere' }, {}, keys[0]!.grant),
    forge(grant, { kid: undefined }, {}, keys[0]!.grant),
    forge(grant, { kid: 'before' }, {}, keys[0]!.grant),
    forge(grant, {}, { aud: 'elsewhere' }, keys[0]!.grant),
    forge(grant, {}, { exp: undefined }, keys[0]!.grant),
    `${h}.${encode({ ...decode(p), key: 'someoneelse' })}.${s}`,
    `${h}.${p}.${s.slice(0, -2)}AA`,
    `${h}.${p}`,
    'x',
    '',
  ];
  expect(await Promise.all(refused.map((token) => verifyGrant(token, keys, nine)))).toEqual(refused.map(() => undefined));
  expect(await verifyGrant(forge(grant, { kid: 'before' }, {}, keys[1]!.grant), keys, nine)).toMatchObject(facts);
});

// Seen to fail with the newest key alone tried, and with the last of the keys signing.
test('T37 what the key before the newest signed stays good, and the newest signs', async () => {
  const old = await signGrant(facts, [keys[1]!], nine);
  expect(await verifyGrant(old, keys, nine)).toMatchObject(facts);
  expect(await verifyGrant(await signGrant(facts, keys, nine), [keys[1]!], nine)).toBeUndefined();
});
