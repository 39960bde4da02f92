import { connect, type Socket } from 'node:net';
import { buildConnector, Pool } from 'undici';
import type { Target } from '../core/auth/access.ts';
import { UpstreamError } from '../core/errors.ts';
import type { Access, Jupyter } from '../core/servers/jupyter.ts';
import { findAccess, type ServerKeys } from '../core/servers/secrets.ts';
import type { Address } from '../core/servers/server.ts';

type Deps = { jupyter: Pick<Jupyter, 'prove'>; keys: ServerKeys; now?: () => number; onError?: (error: unknown) => void };

/** What answers at an address is not the server it is said to be, or nothing answers. */
export class NotProven extends UpstreamError {
  override name = 'NotProven';
  readonly found: 'other' | 'absent';

  constructor(found: 'other' | 'absent', target: Target, cause?: unknown) {
    super('jupyter', `${found === 'other' ? 'another server answers' : 'nothing answers'} where server ${target.ref.id} generation ${target.ref.generation} should be`, cause);
    this.found = found;
  }
}

/**
 * A proof holds for connections made soon after it. Later ones need a new proof, for an address may be given to another
 * server at any time; a connection that stands cannot change its other end.
 */
const PROOF_MS = 5_000;
const CONNECT_MS = 5_000;
/** More requests at once to one server wait. */
const CONNECTIONS = 64;

export type Link = { pool: Pool; access: Access };
type Line = { target: Target; proof?: { at: number; done: Promise<Access> }; access?: Access; pool: Pool; usedAt: number; /** Its connections were ended. */ isOver?: boolean };

const idOf = ({ ref, address }: Target) => `${ref.id} ${ref.generation} ${address.kind === 'unix' ? address.path : `${address.host} ${address.port}`}`;

/** Connections to servers. No byte of a request goes to an address before what is there has proved its id and generation. */
export function makeTargets({ jupyter, keys, now = Date.now, onError }: Deps) {
  const lines = new Map<string, Line>();
  // A line is looked up at each request; the same target object comes from the cached row each time.
  const known = new WeakMap<Target, Line>();

  function lineOf(target: Target): Line {
    const seen = known.get(target);
    if (seen && !seen.isOver) return seen;
    const id = idOf(target);
    let line = lines.get(id);
    if (!line) {
      const made: Line = { target, usedAt: now(), pool: makePool(target.address, () => proven(made)) };
      made.pool.on('disconnect', () => (made.proof = undefined));
      lines.set(id, (line = made));
    }
    known.set(target, line);
    return line;
  }

  async function prove(target: Target): Promise<Access> {
    const access = await findAccess(jupyter, keys, target);
    if (typeof access === 'string') throw new NotProven(access, target);
    return access;
  }

  function proven(line: Line): Promise<Access> {
    if (line.proof && now() - line.proof.at < PROOF_MS) return line.proof.done;
    const done = prove(line.target).then(
      (access) => (line.access = access),
      (error: unknown) => {
        if (line.proof === proof) line.proof = undefined;
        line.access = undefined;
        onError?.(error);
        throw error;
      },
    );
    const proof = { at: now(), done };
    line.proof = proof;
    return done;
  }

  return {
    /** Where to send requests, at once when the server has proved itself before. @throws NotProven */
    reach(target: Target): Link | Promise<Link> {
      const line = lineOf(target);
      line.usedAt = now();
      if (line.access) return line as Link;
      return proven(line).then((access) => ({ pool: line.pool, access }));
    },

    /** A connection of its own, for an upgrade. @throws NotProven */
    async open(target: Target): Promise<{ socket: Socket; access: Access }> {
      const line = lineOf(target);
      line.usedAt = now();
      const access = await proven(line);
      return { socket: await connectTo(target.address), access };
    },

    /** After an error, or a change of its row: the next request asks for a new proof. */
    forget(target: Target) {
      const line = lines.get(idOf(target));
      if (line) [line.proof, line.access] = [undefined, undefined];
    },

    /** Ends the connections of servers nobody spoke to for a while. */
    sweep(unusedMs: number) {
      for (const [id, line] of lines) {
        if (now() - line.usedAt < unusedMs) continue;
        lines.delete(id);
        line.isOver = true;
        line.pool.destroy().catch(() => undefined);
      }
    },

    async close() {
      await Promise.all([...lines.values()].map(({ pool }) => pool.destroy()));
      lines.clear();
    },
  };
}

export type Targets = ReturnType<typeof makeTargets>;

function makePool(address: Address, proven: () => Promise<unknown>): Pool {
  const options = { timeout: CONNECT_MS, keepAlive: true, keepAliveInitialDelay: 15_000 };
  const dial = buildConnector(address.kind === 'unix' ? { ...options, socketPath: address.path } : options);
  return new Pool(originOf(address), {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 20_000,
    bodyTimeout: 0,
    connect: (to, callback) => {
      proven().then(
        () => dial(to, callback),
        (error: unknown) => callback(error as Error, null),
      );
    },
  });
}

const originOf = (address: Address) => {
  if (address.kind === 'unix') return 'http://localhost';
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
};

/** @throws the socket's error, or a time-out */
export function connectTo(address: Address): Promise<Socket> {
  const socket = address.kind === 'unix' ? connect({ path: address.path }) : connect({ host: address.host, port: address.port, keepAlive: true, keepAliveInitialDelay: 15_000 });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${CONNECT_MS} ms`)), CONNECT_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      socket.setNoDelay(true);
      resolve(socket);
    });
    socket.once('error', reject);
    socket.once('close', () => clearTimeout(timer));
  });
}
