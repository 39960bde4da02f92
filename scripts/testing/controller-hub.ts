import { makeAdminRows } from '../../lib/adapters/postgres/admin.ts';
import { makeBus } from '../../lib/adapters/postgres/bus.ts';
import { makeDatabase, makePool } from '../../lib/adapters/postgres/database.ts';
import { makeHistory } from '../../lib/adapters/postgres/history.ts';
import { makeLease } from '../../lib/adapters/postgres/lease.ts';
import { makeServerStore } from '../../lib/adapters/postgres/servers.ts';
import type { Log } from '../../lib/controller/log.ts';

export { makeJupyter } from '../../lib/adapters/jupyter/jupyter.ts';
export { addWarm, addWorkspace, testProfile } from '../../lib/adapters/postgres/servers.fixture.ts';

/** The controller's side of the hub over one database, with connections of its own. */
export function makeTestHub(url: string, { holder = 'test', leaseMs = 2_000 } = {}) {
  const pool = makePool(url, { max: 5 });
  const database = makeDatabase(pool);
  const bus = makeBus(database, url, { heartbeatMs: 500, timeoutMs: 3_000 });
  const logged: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, message: string) => void logged.push({ level, message, fields });
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return {
    database,
    query: database.query,
    store: makeServerStore(database),
    history: makeHistory(database),
    admin: makeAdminRows(database),
    lease: makeLease(database, { holder, ttlMs: leaseMs }),
    bus,
    log,
    logged,
    async close() {
      await bus.close();
      await pool.end();
    },
  };
}
