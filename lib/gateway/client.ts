import { BlockList, isIP } from 'node:net';

/** Who a request comes from: the other end of the connection, or where that is a proxy of ours, whom it names. */
export function makeClientAddress(trusted: readonly string[]) {
  const proxies = new BlockList();
  for (const range of trusted) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isOurs = (address: string) => isIP(address) !== 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer: string, forwardedFor: string | string[] | undefined): string => {
    if (trusted.length === 0 || !isOurs(peer)) return peer;
    // Each proxy adds at the end whom it heard; what stands before the last one that is not ours, anybody can have written.
    const named = String(forwardedFor ?? '').split(',').map((one) => one.trim());
    return named.findLast((address) => isIP(address) !== 0 && !isOurs(address)) ?? peer;
  };
}
