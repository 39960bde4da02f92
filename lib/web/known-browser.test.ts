import { expect, test } from 'vitest';
import type { SessionId, UserId } from '../core/ids.ts';
import { openBrowser, sealBrowser, withUser } from './known-browser.ts';
import { openSession, sealSession } from './session-cookie.ts';

type Keys = Parameters<typeof sealBrowser>[1];

const keys = [{ nextAuth: 'a key of these tests' }] as unknown as Keys;
const [ada, grace] = ['ada', 'grace'] as UserId[];

// Seen to fail with one salt for both.
test('T48 the cookie that names a browser signs nobody in, and a sign-in is no known browser', async () => {
  const known = { id: 'of this browser', users: [ada!], sub: ada!, sid: 'a session of hers' };
  expect(await openSession(await sealBrowser(known, keys), keys)).toBeUndefined();
  expect(await openBrowser(await sealSession({ ...known, sid: 'x' as SessionId }, keys), keys)).toBeUndefined();
});

test('T48 it opens with a key that is still in use, and nothing made up does', async () => {
  const sealed = await sealBrowser(withUser(undefined, ada!), keys);
  expect(await openBrowser(sealed, [{ nextAuth: 'a newer key' }, ...keys] as unknown as Keys)).toMatchObject({ users: ['ada'] });
  expect(await openBrowser(sealed, [{ nextAuth: 'a newer key' }] as unknown as Keys)).toBeUndefined();
  expect(await openBrowser('made.up', keys)).toBeUndefined();
});

test('T48 a shared browser stays one, and knows the last few who signed in with it', () => {
  const both = withUser(withUser(undefined, ada!), grace!);
  expect(withUser(both, ada!)).toEqual({ id: both.id, users: ['ada', 'grace'] });
  const many = Array.from({ length: 20 }, (_, n) => `person ${n}` as UserId).reduce(withUser, both);
  expect(many.users).toHaveLength(8);
  expect(many.users[0]).toBe('person 19');
});
