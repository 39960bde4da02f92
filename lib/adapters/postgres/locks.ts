import type pg from 'pg';
import { UpstreamError } from '../../core/errors.ts';
import type { UserId, WorkspaceId } from '../../core/ids.ts';
import { makeTurnstiles } from '../../core/waiting.ts';
import { destroy } from './database.ts';

/** Works of one person at once, over all their workspaces: more at a time ask the same server for the same disk. */
const EACH = 2;
/** How long a lock of another program is waited for. */
const PATIENCE_MS = 25_000;
/** Between two tries, growing; in part by chance, so that two who want each other's do not go on in step. */
const [FIRST_TRY_MS, LAST_TRY_MS] = [4, 100];

/** @param person whose workspace it is: whose share the work takes part of */
type Serialised = <T>(workspace: WorkspaceId, path: string | string[], work: () => Promise<T>, person?: UserId) => Promise<T>;
export type Locks = Serialised & { close(): Promise<void> };

/** The one connection of this process that its locks belong to. Once it is over, so are they. */
type Session = { ask: Ask; end(): Promise<void>; isOver: boolean };
type Ask = <Row extends pg.QueryResultRow>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/**
 * Locks of paths over all programs: PostgreSQL's advisory locks of one session, so that they end with the connection of a
 * process that died, and after two minutes of one that hangs. All locks of a process share that one connection, which is spoken
 * to at the beginning and the end of a work and is nobody's meanwhile: work may wait for a stranger
 * (lib/decisions/locks-without-connections.md). Waiters of this process queue here first; within its session every lock would be its own.
 *
 * @param connect a connection to PostgreSQL itself, for a pooler does not keep sessions
 */
export function makeLocks(connect: () => pg.Client, hungMs = 120_000, patienceMs = PATIENCE_MS): Locks {
  const queue = makeQueue();
  const share = makeTurnstiles(EACH);
  let current: Promise<Session> | undefined;

  async function open(): Promise<Session> {
    const opening = current;
    const client = connect();
    // One question after the other: the driver takes no second one meanwhile.
    let last: Promise<unknown> = Promise.resolve();
    const ask: Ask = async (sql, parameters) => {
      const answered = last.then(() => client.query(sql, parameters));
      last = answered.catch(() => undefined);
      try {
        return (await answered).rows;
      } catch (cause) {
        // What it had asked for may have been done all the same: a lock that nobody knows of would stay for ever.
        over();
        throw cause;
      }
    };
    const session: Session = { ask, end: () => client.end(), isOver: false };
    const over = () => {
      session.isOver = true;
      clearInterval(alive);
      if (current === opening) current = undefined;
      destroy(client);
    };
    // Who hangs says nothing.
    const alive = setInterval(() => void ask('SELECT 1').catch(() => undefined), hungMs / 4);
    alive.unref();
    client.on('error', over);
    client.on('end', over);
    try {
      await client.connect();
      await ask("SELECT set_config('idle_session_timeout', $1, false)", [`${hungMs}ms`]);
      return session;
    } catch (cause) {
      over();
      throw cause;
    }
  }

  const session = (): Promise<Session> => (current ??= Promise.resolve().then(open));

  /** @returns the locks' numbers, all of them held, or none when one is somebody else's */
  async function attempt({ ask }: Session, keys: string[]): Promise<string[] | undefined> {
    const rows = await ask<{ h: string; got: boolean }>(
      'SELECT h::text, pg_try_advisory_lock(h) AS got FROM (SELECT DISTINCT hashtextextended(k, 7) AS h FROM unnest($1::text[]) AS k) AS hashes',
      [keys],
    );
    const held = rows.filter(({ got }) => got).map(({ h }) => h);
    if (held.length === rows.length) return held;
    await release(ask, held);
    return undefined;
  }

  async function acquire(keys: string[]): Promise<{ on: Session; held: string[] }> {
    const until = performance.now() + patienceMs;
    for (let waitMs = FIRST_TRY_MS; ; waitMs = Math.min(waitMs * 1.5, LAST_TRY_MS)) {
      const on = await session();
      const held = await attempt(on, keys);
      if (held) return { on, held };
      if (performance.now() > until) throw new Error(`a lock was not to be had within ${patienceMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
    }
  }

  async function locked<T>(keys: string[], work: () => Promise<T>): Promise<T> {
    const { on, held } = await acquire(keys).catch((cause: unknown) => {
      throw new UpstreamError('database', 'take a lock', cause);
    });
    let done: T;
    try {
      done = await work();
    } finally {
      // What fails here has ended the session, and the lock with it.
      if (!on.isOver) await release(on.ask, held).catch(() => undefined);
    }
    if (on.isOver) throw new UpstreamError('database', 'a lock was lost before its work was done');
    return done;
  }

  return Object.assign(
    <T>(workspace: WorkspaceId, path: string | string[], work: () => Promise<T>, person?: UserId): Promise<T> => {
      const keys = [path].flat().map((name) => `${workspace}:${name}`);
      return queue(keys, () => share(person ?? workspace, () => locked(keys, work)));
    },
    {
      async close() {
        const last = await current?.catch(() => undefined);
        await last?.end().catch(() => undefined);
      },
    },
  );
}

async function release(ask: Ask, held: string[]): Promise<void> {
  if (held.length > 0) await ask('SELECT pg_advisory_unlock(h) FROM unnest($1::bigint[]) AS h', [held]);
}

/** Runs work of the same key one after the other, and the rest at once. */
function makeQueue() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(keys: string[], work: () => Promise<T>): Promise<T> => {
    const before = Promise.all(keys.map((key) => last.get(key)));
    const mine = before.then(work);
    const settled = mine.catch(() => undefined);
    for (const key of keys) last.set(key, settled);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (last.get(key) === settled) last.delete(key);
    }
  };
}
