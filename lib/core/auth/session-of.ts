import { cookieNames, UNKEPT_COOKIE } from './cookies.ts';

/**
 * The session a request shows, from its Cookie header; undefined where a notebook may have planted it (row T52). Two cookies of the
 * name are one of the site's and one with a Domain, and nothing tells which is which. And a browser whose engine was seen to keep
 * such cookies is signed in to nothing, whatever it shows: its own page said so in a cookie, and an empty one says the same, since
 * a notebook could add that but not take the other away.
 */
export function sessionOf(header: string | null): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split(/=(.*)/s));
  if (pairs.some(([name]) => name === UNKEPT_COOKIE)) return undefined;
  const sessions = pairs.filter(([name]) => name === cookieNames.sessionToken);
  return sessions.length === 1 ? sessions[0]![1] || undefined : undefined;
}

/** Whether the browser's engine was seen to break the promise. */
export const breaksPrefixes = (header: string | null): boolean => (header ?? '').split(';').some((pair) => pair.trim().split('=')[0] === UNKEPT_COOKIE);
