import { encode } from 'next-auth/jwt';
import { expect, test } from 'vitest';
import { makeWhose } from './whose.ts';

const keys = [{ nextAuth: 'the new secret of the site, long enough' }, { nextAuth: 'the old secret of the site, long enough' }];
const whose = makeWhose(keys);
const seal = (secret: string, maxAge = 60) => encode({ token: { sub: 'ada', sid: 's' }, secret, maxAge });

test('a cookie that NextAuth sealed with a key in use names its person, also when its time is over', async () => {
  for (const { nextAuth } of keys) expect(await whose(await seal(nextAuth))).toBe('ada');
  expect(await whose(await seal(keys[0]!.nextAuth, -60))).toBe('ada');
});

test('a cookie that is not ours, was changed or is none names nobody', async () => {
  const cookie = await seal(keys[0]!.nextAuth);
  for (const other of [await seal('a secret of somebody else, long enough'), `${cookie.slice(0, -4)}AAAA`, cookie.slice(0, 40), '', 'x'.repeat(100_000)]) expect(await whose(other)).toBeUndefined();
});
