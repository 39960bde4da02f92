import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createDatabase, startEmbeddedPostgres } from '../postgres.ts';
import { migrate } from '../migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database to copy from: `CREATE DATABASE x TEMPLATE lectern_template`. */
    postgresAdminUrl: string;
  }
}

/** One PostgreSQL for the run (embedded, or the one `LECTERN_TEST_DATABASE_URL` names), with a migrated template database. */
export default async function setup(project: TestProject) {
  const given = process.env.LECTERN_TEST_DATABASE_URL;
  const folder = mkdtempSync(join(tmpdir(), 'lectern-test-pg-'));
  const embedded = given ? undefined : await startEmbeddedPostgres(folder, { settings: ['fsync=off', 'max_connections=300'] });
  const end = async () => {
    await embedded?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const admin = given ?? embedded!.url('postgres');
    const template = new URL(admin);
    template.pathname = '/lectern_template';
    await createDatabase(template.toString());
    migrate(template.toString());
    project.provide('postgresAdminUrl', admin);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}
