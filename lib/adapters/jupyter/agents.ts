import { Client, Pool, type Dispatcher } from 'undici';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { Answered, BrokenProtocol, UpstreamError } from '../../core/errors.ts';
import type { Access } from '../../core/servers/jupyter.ts';
import type { Address } from '../../core/servers/server.ts';
import { makeDeadline, type Deadline } from './deadline.ts';
import { replyBytes } from './replies.ts';

type Asked = {
  body?: string | AsyncIterable<Uint8Array>;
  type?: string;
  withToken?: boolean;
  absent?: number;
  /** For the whole of it, from the connection to the last byte; what is really moved of a large body puts it off. */
  patienceMs?: number;
  signal?: AbortSignal;
  /** Over a connection of its own, which ends with the reply. For a stream that lasts: thousands of them are open, and a pool takes 20 kB more. */
  alone?: boolean;
  /** A stream without an end: the patience is for its beginning, and then for each silence. */
  lasting?: boolean;
};

/** The body must be read or left, and the deadline ended then. */
export type Reply = { status: number; headers: Dispatcher.ResponseData['headers']; body: Dispatcher.ResponseData['body']; deadline: Deadline };

export type Agents = ReturnType<typeof makeAgents>;

/** Connections kept to one server while it is spoken to. */
const CONNECTIONS = 8;
/** Servers whose connections are kept; the one longest unused goes first. */
const KEPT = 100;

const keyOf = (address: Address) => (address.kind === 'unix' ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`);

const optionsFor = (address: Address) => ({ pipelining: 1, keepAliveTimeout: 10_000, connect: { timeout: 3000, ...(address.kind === 'unix' && { socketPath: address.path }) } });

const originOf = (address: Address) => (address.kind === 'unix' ? 'http://localhost' : `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`);

/** One small pool of connections per address. Whatever is read through it has a limit in bytes and in time. */
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

  /**
   * One request; what it answers is a stranger's.
   * @throws UpstreamError('jupyter') for every failure, Answered for every answer that is not 200 (or `absent`)
   */
  async function ask(access: Access, doing: string, method: 'GET' | 'POST', path: string, asked: Asked = {}): Promise<Reply> {
    const { body, type = 'application/json', withToken = true, absent, patienceMs = 15_000, signal, alone = false, lasting = false } = asked;
    const through = alone ? streamTo(access.address) : poolFor(access.address);
    const deadline = makeDeadline(patienceMs);
    let reply: Dispatcher.ResponseData;
    try {
      reply = await through.request({
        reset: alone,
        path,
        method,
        body: body === undefined || typeof body === 'string' ? body : Readable.from(counted(body, deadline)),
        signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
        headersTimeout: 0,
        bodyTimeout: lasting ? patienceMs : 0,
        headers: { ...(withToken ? { authorization: `token ${access.secrets.token}` } : {}), ...(body === undefined ? {} : { 'content-type': type }) },
      });
    } catch (cause) {
      deadline.end();
      // One that never connected never disconnects either.
      if (through instanceof Client) end(through);
      throw new UpstreamError('jupyter', doing, cause);
    }
    if (lasting) deadline.end();
    if (reply.statusCode === 200 || reply.statusCode === absent) return { status: reply.statusCode, headers: reply.headers, body: reply.body, deadline };
    try {
      throw new Answered('jupyter', `${doing}: answered ${reply.statusCode}`, printable(await beginning(reply.body, replyBytes.error)));
    } finally {
      deadline.end();
    }
  }

  return {
    ask,

    /**
     * What it answers, as JSON of that shape.
     * @throws BrokenProtocol when it is longer than `mostBytes`, no JSON, or of another shape
     */
    async answer<S extends z.ZodType>(access: Access, doing: string, method: 'GET' | 'POST', path: string, schema: S, mostBytes: number, asked: Asked = {}): Promise<z.output<S>> {
      const { body, deadline } = await ask(access, doing, method, path, asked);
      try {
        return parsed(doing, await whole(body, mostBytes, doing), schema);
      } catch (cause) {
        throw cause instanceof UpstreamError ? cause : new UpstreamError('jupyter', doing, cause);
      } finally {
        deadline.end();
      }
    },

    async close(): Promise<void> {
      const all = [...pools.values(), ...streams];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}

/** @throws BrokenProtocol, that names where it does not fit and holds nothing of what was said */
export function parsed<S extends z.ZodType>(doing: string, text: Buffer | string, schema: S): z.output<S> {
  let said: unknown;
  try {
    said = JSON.parse(text.toString());
  } catch {
    throw new BrokenProtocol(doing, 'no JSON');
  }
  const fits = schema.safeParse(said);
  if (fits.success) return fits.data;
  const [first] = fits.error.issues;
  throw new BrokenProtocol(doing, `of another shape (${first?.code}${first && first.path.length > 0 ? ` at ${printable(first.path.map(String).join('.')).slice(0, 100)}` : ''})`);
}

async function* counted(bytes: AsyncIterable<Uint8Array>, deadline: Deadline): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    deadline.moved(piece.length);
    yield piece;
  }
}

/** Whoever leaves this loop early ends the connection. */
async function whole(body: AsyncIterable<Buffer>, mostBytes: number, doing: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > mostBytes) throw new BrokenProtocol(doing, `more than ${mostBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function beginning(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of body) {
      pieces.push(piece);
      if ((length += piece.length) >= mostBytes) break;
    }
  } catch {
    // What there is of it is enough.
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** As a log may hold it. */
const printable = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ').slice(0, 300);
