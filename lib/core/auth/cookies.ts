/**
 * NextAuth's six cookies under names of our own. `__Host-` is refused by browsers unless Secure, Path=/ and without Domain,
 * so a sibling origin (a notebook) cannot plant one. Browsers accept it over http on *.localhost.
 * Not every engine keeps that promise: see sessionOf.
 */
export const cookieNames = {
  sessionToken: '__Host-lectern.session',
  callbackUrl: '__Host-lectern.callback-url',
  csrfToken: '__Host-lectern.csrf',
  pkceCodeVerifier: '__Host-lectern.pkce',
  state: '__Host-lectern.state',
  nonce: '__Host-lectern.nonce',
} as const;

/** Names the browser to the accounts that signed in with it: see lib/web/known-browser.ts. */
export const KNOWN_COOKIE = '__Host-lectern.known';

/** Set by a page of the site's own in a browser that breaks the promise above: see lib/decisions/cookie-prefixes.md. */
export const UNKEPT_COOKIE = '__Host-lectern.unkept';

/** Attributes of each of them. */
export const cookieOptions = { httpOnly: true, sameSite: 'lax', path: '/', secure: true } as const;
