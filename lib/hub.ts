import pino from 'pino';
import { makeBus } from './adapters/postgres/bus.ts';
import { makeCourseAuthoring } from './adapters/postgres/courses-authoring.ts';
import { makeCourseStore } from './adapters/postgres/courses.ts';
import { makeDatabase, makePool } from './adapters/postgres/database.ts';
import { makeHealthProbe } from './adapters/postgres/health.ts';
import { makeSessionStore } from './adapters/postgres/sessions.ts';
import { makeServerStore } from './adapters/postgres/servers.ts';
import type { Config, Secrets } from './config/config.ts';
import { makeServers } from './core/servers/open.ts';

/**
 * The one assembly point: every port of lib/core gets its adapter here, and nowhere else. Each program builds one hub at its
 * start and closes it at its end.
 */
export function makeHub(config: Config, secrets: Secrets) {
  const log = pino({ level: config.logLevel, redact: redacted }, pino.destination({ dest: 1, sync: false }));
  const onError = (error: Error) => log.warn({ err: error }, 'database connection lost');
  const pool = makePool(secrets.databaseUrl, { onError });
  const database = makeDatabase(pool);
  const bus = makeBus(database, secrets.databaseDirectUrl, { onError });
  const serverStore = makeServerStore(database);
  return {
    config,
    secrets,
    log,
    pool,
    database,
    bus,
    serverStore,
    servers: makeServers({ store: serverStore, bus, profile: config.profile, serversPerUser: config.serversPerUser, idleWarningMs: config.idleWarningMs }),
    courses: makeCourseStore(database),
    authoring: makeCourseAuthoring(database),
    async close() {
      await bus.close();
      await pool.end();
    },
  };
}

export type Hub = ReturnType<typeof makeHub>;

/** The hub of the site: the same and what only the site needs. Prisma is loaded here alone, to keep the other programs small. */
export async function makeSiteHub(config: Config, secrets: Secrets) {
  const hub = makeHub(config, secrets);
  const { makePrisma } = await import('./adapters/postgres/prisma.ts');
  return { ...hub, prisma: makePrisma(hub.pool), sessions: makeSessionStore(hub.pool), health: makeHealthProbe(hub.pool, 'prisma/migrations') };
}

export type SiteHub = Awaited<ReturnType<typeof makeSiteHub>>;

/** Keys whose values never reach a log, at any of the depths our log calls use. */
const redacted = ['authorization', 'cookie', 'token', 'password', 'secret', 'grant', 'set-cookie'].flatMap((key) => [key, `*.${key}`, `headers["${key}"]`, `*.headers["${key}"]`]);
