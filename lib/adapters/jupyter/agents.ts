import { Client, Pool, type Dispatcher } from 'undici';
import type { Readable } from 'node:stream';
import { UpstreamError } from '../../core/errors.ts';
import type { Access } from '../../core/servers/jupyter.ts';
import type { Address } from '../../core/servers/server.ts';

/** `alone`: over a connection of its own, which ends with the reply. For a stream that lasts: thousands of them are open, and a pool takes 20 kB more. */
type Asked = { body?: string | Readable; type?: string; withToken?: boolean; absent?: number; patienceMs?: number; signal?: AbortSignal; alone?: boolean };

export type Agents = ReturnType<typeof makeAgents>;

/** Connections kept to one server while it is spoken to. */
const CONNECTIONS = 8;
/** Servers whose connections are kept; the one longest unused goes first. */
const KEPT = 100;

const keyOf = (address: Address) => (address.kind === 'unix' ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`);

const optionsFor = (address: Address) => ({ pipelining: 1, keepAliveTimeout: 10_000, connect: { timeout: 3000, ...(address.kind === 'unix' && { socketPath: address.path }) } });

const originOf = (address: Address) => (address.kind === 'unix' ? 'http://localhost' : `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`);

/** One small pool of connections per address. */
export function makeAgents() {
  const pools = new Map<string, Pool>();
  const streams = new Set<Client>();

  function poolFor(address: Address): Pool {
    const key = keyOf(address);
    const pool = pools.get(key) ?? new Pool(originOf(address), { ...optionsFor(address), connections: CONNECTIONS });
    pools.delete(key);
    pools.set(key, pool);
    const [oldest] = pools.keys();
    if (pools.size > KEPT && oldest !== undefined) {
      void pools.get(oldest)!.close();
      pools.delete(oldest);
    }
    return pool;
  }

  function streamTo(address: Address): Client {
    const client = new Client(originOf(address), optionsFor(address));
    streams.add(client);
    client.once('disconnect', () => end(client));
    return client;
  }

  function end(stream: Client): void {
    streams.delete(stream);
    void stream.destroy();
  }

  return {
    /**
     * One request; the body of the reply must be read or dumped.
     * @throws UpstreamError('jupyter') for every failure and for every answer that is not 200 (or `absent`)
     */
    async ask(access: Access, doing: string, method: 'GET' | 'POST', path: string, asked: Asked = {}): Promise<Dispatcher.ResponseData> {
      const { body, type = 'application/json', withToken = true, absent, patienceMs = 15_000, signal, alone = false } = asked;
      let reply: Dispatcher.ResponseData;
      const through = alone ? streamTo(access.address) : poolFor(access.address);
      try {
        reply = await through.request({
          reset: alone,
          path,
          method,
          body,
          signal,
          headersTimeout: patienceMs,
          bodyTimeout: patienceMs,
          headers: { ...(withToken ? { authorization: `token ${access.secrets.token}` } : {}), ...(body === undefined ? {} : { 'content-type': type }) },
        });
      } catch (cause) {
        // One that never connected never disconnects either.
        if (through instanceof Client) end(through);
        throw new UpstreamError('jupyter', doing, cause);
      }
      if (reply.statusCode === 200 || reply.statusCode === absent) return reply;
      const said = await reply.body.text().catch(() => '');
      throw new UpstreamError('jupyter', `${doing}: answered ${reply.statusCode}`, said.slice(0, 300));
    },

    async close(): Promise<void> {
      const all = [...pools.values(), ...streams];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}
