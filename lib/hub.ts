import pg from 'pg';
import pino from 'pino';
import { makeCourseAuthoring } from './adapters/postgres/courses-authoring.ts';
import { makeCourseStore } from './adapters/postgres/courses.ts';
import { makeDatabase } from './adapters/postgres/database.ts';
import { makeSessionStore } from './adapters/postgres/sessions.ts';
import type { Config, Secrets } from './config/config.ts';

/**
 * The one assembly point: every port of lib/core gets its adapter here, and nowhere else. Each program builds one hub at its
 * start and closes it at its end.
 */
export function makeHub(config: Config, secrets: Secrets) {
  const log = pino({ level: config.logLevel, redact: redacted }, pino.destination({ dest: 1, sync: false }));
  const pool = new pg.Pool({ connectionString: secrets.databaseUrl, max: 10 });
  const database = makeDatabase(pool);
  return {
    config,
    secrets,
    log,
    pool,
    courses: makeCourseStore(database),
    authoring: makeCourseAuthoring(database),
    async close() {
      await pool.end();
    },
  };
}

export type Hub = ReturnType<typeof makeHub>;

/** The hub of the site: the same and what only the site needs. Prisma is loaded here alone, to keep the other programs small. */
export async function makeSiteHub(config: Config, secrets: Secrets) {
  const hub = makeHub(config, secrets);
  const { makePrisma } = await import('./adapters/postgres/prisma.ts');
  return { ...hub, prisma: makePrisma(hub.pool), sessions: makeSessionStore(hub.pool) };
}

export type SiteHub = Awaited<ReturnType<typeof makeSiteHub>>;

/** Keys whose values never reach a log, at any of the depths our log calls use. */
const redacted = ['authorization', 'cookie', 'token', 'password', 'secret', 'grant', 'set-cookie'].flatMap((key) => [key, `*.${key}`, `headers["${key}"]`, `*.headers["${key}"]`]);
