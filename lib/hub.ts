import pg from 'pg';
import pino from 'pino';
import type { Config, Secrets } from './config/config.ts';

/**
 * The one assembly point: every port of lib/core gets its adapter here, and nowhere else. Each program builds one hub at its
 * start and closes it at its end.
 */
export function makeHub(config: Config, secrets: Secrets) {
  const log = pino({ level: config.logLevel, redact: redacted }, pino.destination({ dest: 1, sync: false }));
  const pool = new pg.Pool({ connectionString: secrets.databaseUrl, max: 10 });
  return {
    config,
    secrets,
    log,
    pool,
    async close() {
      await pool.end();
    },
  };
}

export type Hub = ReturnType<typeof makeHub>;

/** Keys whose values never reach a log, at any of the depths our log calls use. */
const redacted = ['authorization', 'cookie', 'token', 'password', 'secret', 'grant', 'set-cookie'].flatMap((key) => [key, `*.${key}`, `headers["${key}"]`, `*.headers["${key}"]`]);
