import { headers } from 'next/headers';
import { nextPath } from '../core/auth/next-path.ts';
import { breaksPrefixes } from '../core/auth/session-of.ts';
import { currentActor } from './actor.ts';
import { siteHub } from './hub.ts';
import { makeProviders } from './providers.ts';

/** What may stand in the address of these pages. */
export type Query = Partial<Record<'next' | 'callbackUrl' | 'error', string | string[]>>;

/** What went wrong at an issuer, by the code in our own address; any other code gets the last text. */
const problems = new Map([
  ['OAuthAccountNotLinked', 'There is an account with this e-mail address already. Sign in to it as you always do, then connect this way of signing in under Account.'],
  ['Unverified', 'That service has not confirmed your e-mail address. Confirm it there, then try again.'],
  ['Closed', 'There is no account for your e-mail address here, and new ones are made by invitation only.'],
  ['Refused', 'This account may not sign in. Ask whoever runs this site.'],
  ['SessionRequired', 'Sign in first.'],
]);

export const problemOf = (error: string | string[] | undefined): string | undefined =>
  error === undefined ? undefined : (problems.get(String(error)) ?? 'Signing in there did not work, or was called off. Try again.');

/** Everything the sign-in and sign-up pages show. */
export async function signInPage(query: Query) {
  const [{ config, secrets }, actor] = await Promise.all([siteHub(), currentActor()]);
  const wanted = query.next ?? query.callbackUrl;
  // NextAuth sends people here with a whole address of this site.
  const path = typeof wanted === 'string' && wanted.startsWith(`${config.site.origin}/`) ? wanted.slice(config.site.origin.length) : wanted;
  return {
    signedIn: actor !== null,
    engineRefused: breaksPrefixes((await headers()).get('cookie')),
    next: nextPath(typeof path === 'string' ? path : undefined, '/courses'),
    problem: problemOf(query.error),
    signUp: config.signUp,
    providers: makeProviders(secrets.providers).map(({ id, name }) => ({ id, name })),
  };
}

/** What the link in a mail that asks to confirm an address still needs: a press, the account's password, nothing, or a new link. */
export async function verifyPage(token: string): Promise<'press' | 'password' | 'nothing' | 'new link'> {
  const [{ recovery, people }, actor] = await Promise.all([siteHub(), currentActor()]);
  const email = await recovery.confirms(token);
  if (email) return actor?.email === email ? 'press' : 'password';
  return actor && (await people.byId(actor.id))?.verified ? 'nothing' : 'new link';
}
