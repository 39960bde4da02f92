import { headers } from 'next/headers';

/**
 * The client's network address as the front door wrote it: the last entry of X-Forwarded-For. Entries before it came from the
 * client and may say anything.
 */
export async function clientAddress(): Promise<string> {
  const forwarded = (await headers()).get('x-forwarded-for');
  return forwarded?.split(',').at(-1)?.trim().slice(0, 64) || 'unknown';
}
