import type { Flat } from './headers.ts';

export const COOKIE = '__Host-lectern';

/** A learner's page can plant cookies, but none with this prefix; a handful is looked at, whatever comes. */
const MOST = 4;

/** Every value the cookie header gives the pass's name. */
export function passesIn(header: string): string[] {
  if (!header.includes(COOKIE)) return [];
  const values: string[] = [];
  for (const pair of header.split(';')) {
    const text = pair.trim();
    if (text.startsWith(`${COOKIE}=`) && values.length < MOST) values.push(text.slice(COOKIE.length + 1));
  }
  return values;
}

/** @param seconds until the browser forgets it; the pass inside says the same */
export const setCookie = (pass: string, seconds: number): Flat => ['set-cookie', `${COOKIE}=${pass}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`];
