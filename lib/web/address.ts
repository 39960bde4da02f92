import { isIPv6 } from 'node:net';
import { headers } from 'next/headers';

/**
 * The client's network address as the front door wrote it: the last entry of X-Forwarded-For. Entries before it came from the
 * client and may say anything.
 */
export async function clientAddress(): Promise<string> {
  const forwarded = (await headers()).get('x-forwarded-for');
  return forwarded?.split(',').at(-1)?.trim().slice(0, 64) || 'unknown';
}

/** What one household or one rented machine has: an IPv4 address, or the first half of an IPv6 one, whose other half its owner chooses. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [before = '', after = ''] = address.toLowerCase().split('%')[0]!.split('::');
  const [first, last] = [before, after].map((half) => half.split(':').filter(Boolean));
  const groups = address.includes('::') ? [...first!, ...Array<string>(8 - first!.length - last!.length).fill('0'), ...last!] : first!;
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
