import type { Lease } from '../../core/servers/lease.ts';
import type { Epoch } from '../../core/servers/store.ts';
import type { Database } from './database.ts';

/** @param options.ttlMs how long a leader that fell silent still counts; the longest a change of leader takes, but for the standby's next look */
export function makeLease({ query }: Database, options: { holder: string; ttlMs?: number; name?: string }): Lease {
  const { holder, ttlMs = 10_000, name = 'controller' } = options;
  let heard = { at: performance.now(), database: Date.now() };

  /** Notes the database's time as of the moment the question was sent, so that it is never ahead. */
  async function ask(sql: string, parameters: unknown[]): Promise<{ epoch: Epoch; goodUntil: number } | undefined> {
    const sent = performance.now();
    const [row] = await query<{ epoch: number | bigint; now: number; left: number }>(sql, [name, ...parameters]);
    if (!row) return undefined;
    heard = { at: sent, database: row.now };
    return { epoch: BigInt(row.epoch), goodUntil: sent + row.left };
  }

  const answer = `epoch, extract(epoch FROM now())::float8 * 1000 AS now, extract(epoch FROM expires_at - now())::float8 * 1000 AS left`;
  const until = (parameter: string) => `now() + ${parameter}::float8 * interval '1 millisecond'`;

  return {
    async acquire() {
      const taken = await ask(
        `INSERT INTO lease (name, holder, epoch, expires_at) VALUES ($1, $2, 1, ${until('$3')})
         ON CONFLICT (name) DO UPDATE SET holder = $2, epoch = lease.epoch + 1, expires_at = ${until('$3')} WHERE lease.expires_at <= now() RETURNING ${answer}`,
        [holder, ttlMs],
      );
      return taken?.epoch;
    },
    async renew(epoch) {
      return (await ask(`UPDATE lease SET expires_at = ${until('$3')} WHERE name = $1 AND epoch = $2 AND expires_at > now() RETURNING ${answer}`, [epoch, ttlMs])) !== undefined;
    },
    async confirm(epoch) {
      const held = await ask(`SELECT ${answer} FROM lease WHERE name = $1 AND epoch = $2 AND expires_at > now()`, [epoch]);
      return held !== undefined && performance.now() < held.goodUntil;
    },
    async report(epoch, shortfalls) {
      const sql = `UPDATE lease SET shortfalls = $3 WHERE name = $1 AND epoch = $2 AND expires_at > now() RETURNING epoch`;
      return (await query(sql, [name, epoch, JSON.stringify(shortfalls)])).length > 0;
    },
    async release(epoch) {
      await query(`UPDATE lease SET expires_at = now() WHERE name = $1 AND epoch = $2`, [name, epoch]);
    },
    now: () => new Date(heard.database + performance.now() - heard.at),
  };
}
