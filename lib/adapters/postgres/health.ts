import { readdirSync } from 'node:fs';
import type pg from 'pg';
import type { HealthProbe } from '../../core/admin/health.ts';
import { UpstreamError } from '../../core/errors.ts';

/** Compares Prisma's record of migrations with the folder of them. `folder` is read once: a new version is a new process. */
export function makeHealthProbe(pool: pg.Pool, folder: string): HealthProbe {
  let names: string[] | undefined;
  return {
    async pendingMigrations() {
      names ??= readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      try {
        const { rows } = await pool.query<{ pending: string[] | null }>(
          `SELECT array_agg(name) AS pending FROM unnest($1::text[]) AS name
           WHERE NOT EXISTS (SELECT FROM _prisma_migrations m WHERE m.migration_name = name AND m.finished_at IS NOT NULL AND m.rolled_back_at IS NULL)`,
          [names],
        );
        return rows[0]?.pending ?? [];
      } catch (cause) {
        throw new UpstreamError('database', 'reading migrations', cause);
      }
    },
  };
}
