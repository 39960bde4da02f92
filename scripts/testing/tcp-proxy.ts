import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type TcpProxy = {
  /** The given URL, by way of the proxy. */
  url: string;
  /** Passes nothing on any more and closes nothing, as a dead machine or a forgetful firewall does. */
  silence(on: boolean): void;
  /** Closes every connection; with `refuse`, new ones too, until it is called with `false`. */
  cut(refuse?: boolean): void;
  /** How often somebody has connected, the refused included. */
  connects(): number;
  close(): Promise<void>;
};

/** A way to a server on this machine that can be made to fail. */
export async function makeTcpProxy(to: string): Promise<TcpProxy> {
  const target = new URL(to);
  const pairs = new Set<[Socket, Socket]>();
  let silent = false;
  let refusing = false;
  let connects = 0;
  const server = createServer((inward) => {
    connects++;
    if (refusing) return void inward.destroy();
    const outward = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [inward, outward];
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
    }
    inward.on('data', (bytes) => silent || outward.write(bytes));
    outward.on('data', (bytes) => silent || inward.write(bytes));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(to);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cut = (refuse = false) => {
    refusing = refuse;
    for (const pair of [...pairs]) for (const socket of pair) socket.destroy();
  };
  return {
    url: url.toString(),
    silence: (on) => (silent = on),
    cut,
    connects: () => connects,
    async close() {
      cut(true);
      server.close();
      await once(server, 'close');
    },
  };
}
