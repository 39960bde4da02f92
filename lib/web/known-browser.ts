import { randomUUID } from 'node:crypto';
import { cookies } from 'next/headers';
import { decode, encode } from 'next-auth/jwt';
import type { Secrets } from '../config/config.ts';
import { cookieOptions, KNOWN_COOKIE } from '../core/auth/cookies.ts';
import type { UserId } from '../core/ids.ts';
import type { Caller } from '../core/users/caller.ts';
import type { Email } from '../core/users/email.ts';
import { clientAddress, networkOf } from './address.ts';
import { siteHub } from './hub.ts';

/**
 * A browser that has been signed in to an account is known to it, so that strangers' guesses do not count against it. The cookie opens
 * nothing: it gives a count of its own for the accounts it names, and who copies it guesses no faster than from one more network.
 */
export type KnownBrowser = { id: string; users: UserId[] };

/** As long as browsers keep a cookie, in seconds: 400 days. */
const LASTS_S = 400 * 24 * 3600;

/** A family that shares a machine; who signed in longest ago is forgotten first. */
const MOST_USERS = 8;

/** Makes keys of its own of the session's, so that neither cookie is ever taken for the other. */
const SALT = 'known-browser';

type Keys = Secrets['keys'];

export const sealBrowser = (known: KnownBrowser, keys: Keys): Promise<string> => encode({ token: { ...known }, secret: keys[0]!.nextAuth, salt: SALT, maxAge: LASTS_S });

/** Opens what was sealed with any key still in use; undefined for anything else. */
export async function openBrowser(cookie: string | undefined, keys: Keys): Promise<KnownBrowser | undefined> {
  if (!cookie) return undefined;
  for (const { nextAuth } of keys) {
    const token = await decode({ token: cookie, secret: nextAuth, salt: SALT }).catch(() => null);
    if (typeof token?.id === 'string' && Array.isArray(token.users)) return { id: token.id, users: token.users as UserId[] };
  }
  return undefined;
}

/** Whom the browser knows once this person has signed in with it, too. */
export const withUser = (known: KnownBrowser | undefined, user: UserId): KnownBrowser => ({
  id: known?.id ?? randomUUID(),
  users: [user, ...(known?.users ?? []).filter((other) => other !== user)].slice(0, MOST_USERS),
});

const ours = async () => openBrowser((await cookies()).get(KNOWN_COOKIE)?.value, (await siteHub()).secrets.keys);

export async function rememberBrowser(user: UserId): Promise<void> {
  const { secrets } = await siteHub();
  (await cookies()).set(KNOWN_COOKIE, await sealBrowser(withUser(await ours(), user), secrets.keys), { ...cookieOptions, maxAge: LASTS_S });
}

/** Who asks about an address: its own browser, or somebody in a network. The person is looked up either way, so that the time tells nothing. */
export async function callerFor(email: Email | undefined): Promise<Caller> {
  const [known, address, { people }] = await Promise.all([ours(), clientAddress(), siteHub()]);
  const person = email && (await people.byEmail(email));
  return { network: networkOf(address), browser: person && known?.users.includes(person.id) ? known.id : undefined };
}
