import { BlockList, isIP } from 'node:net';

/** Which addresses are proxies of ours. */
export function makeProxies(trusted: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const range of trusted) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Who a request comes from: the other end of the connection, or where that is a proxy of ours, whom it names. */
export function makeClientAddress(trusted: readonly string[]) {
  const isOurs = makeProxies(trusted);

  return (peer: string, forwardedFor: string | string[] | undefined): string => {
    if (trusted.length === 0 || !isOurs(peer)) return peer;
    // Each proxy adds at the end whom it heard; what stands before the last one that is not ours, anybody can have written.
    const named = String(forwardedFor ?? '').split(',').map((one) => one.trim());
    return named.findLast((address) => isIP(address) !== 0 && !isOurs(address)) ?? peer;
  };
}

/** Whose address it is, as far as one can tell: of IPv4 the address, of IPv6 the first half, since whoever has one has all of it. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [left, right] = plain.split('::', 2).map((part) => (part === '' ? [] : part.split(':')));
  const groups = right ? [...left!, ...Array<string>(Math.max(0, 8 - left!.length - right.length)).fill('0'), ...right] : left!;
  return `${groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
