import pg from 'pg';
import { UpstreamError } from '../../core/errors.ts';
import { isId } from '../../core/text.ts';

export type Query = <Row = Record<string, unknown>>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/** Typed SQL over a pool. Every failure is an UpstreamError('database') whose cause is the driver's error. */
export type Database = {
  query: Query;
  /** Runs `work` in one transaction. A process that is paused inside it loses it after half a minute, locks and all. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
};

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 && format !== 'binary' ? toNumber : (pg.types.getTypeParser(oid, format) as (value: string | Buffer) => unknown),
};

/** bigint columns hold sizes and counters; one too large for a double stays exact. */
const toNumber = (value: string) => (Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value));

/** Time-outs that end a wait for a database that went away without a goodbye: nothing hangs for TCP's two hours. */
const connection = { connectionTimeoutMillis: 5_000, query_timeout: 30_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000, types };

/** A click after a pause finds a connection: to open one, let PostgreSQL start a process for it and plan anew takes some 20 ms. */
const IDLE_MS = 10 * 60_000;

/** @param options.onError told when an idle connection breaks; the pool replaces it */
export function makePool(url: string, options: { max?: number; application?: string; onError?: (error: Error) => void } = {}): pg.Pool {
  const pool = new pg.Pool({ ...connection, connectionString: url, max: options.max ?? 10, idleTimeoutMillis: IDLE_MS, application_name: options.application });
  // Without a listener the first broken idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error));
  return pool;
}

/** A single connection for LISTEN or for locks, which must not go through a pooler. @param answerMs after which a question has failed */
export const makeClient = (url: string, application?: string, answerMs = connection.query_timeout) =>
  new pg.Client({ ...connection, query_timeout: answerMs, connectionString: url, application_name: application });

/** Ends the connection without waiting for an answer that may never come. */
export function destroy(client: pg.Client): void {
  client.on('error', () => {});
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

export function makeDatabase(pool: pg.Pool): Database {
  return {
    query: (sql, parameters) => run(pool, sql, parameters),
    async transaction(work) {
      const client = await pool.connect().catch((cause: unknown) => {
        throw upstream('connecting', cause);
      });
      let broken: Error | undefined;
      const onError = (error: Error) => (broken = error);
      client.on('error', onError);
      try {
        await run(client, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '30s'");
        const result = await work((sql, parameters) => run(client, sql, parameters));
        await run(client, 'COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((failed: Error) => (broken ??= failed));
        throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },
  };
}

async function run<Row>(on: pg.Pool | pg.PoolClient, sql: string, parameters?: unknown[]): Promise<Row[]> {
  try {
    return (await on.query(sql, parameters)).rows as Row[];
  } catch (cause) {
    throw upstream('query', cause);
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined);

/** The message names the SQLSTATE and never the values, which may be somebody's. */
const upstream = (doing: string, cause: unknown) => new UpstreamError('database', [doing, codeOf(cause)].filter(Boolean).join(' '), cause);

/** A value that PostgreSQL would refuse as a uuid names nothing; asking with it would be an error. */
export const isUuid = isId;

/** Whether the statement met another one: a row that must be the only one of its kind, or a deadlock. */
export const isConflict = (error: unknown) => ['23505', '40P01'].includes(codeOf(error instanceof UpstreamError ? error.cause : error) ?? '');

/** Whether the statement was refused because the named unique index already has such a row. */
export function isTaken(error: unknown, index: string): boolean {
  const cause = error instanceof UpstreamError ? error.cause : error;
  return codeOf(cause) === '23505' && (cause as pg.DatabaseError).constraint === index;
}
