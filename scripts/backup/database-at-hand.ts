import { join } from 'node:path';
import pg from 'pg';
import { readFileSync } from 'node:fs';
import { startOwnDatabase, givenDatabase } from '../up/database.ts';
import { readSettings } from '../up/settings.ts';

/** Gives `work` the database of these settings: the one of DATABASE_URL, the running embedded one, or the embedded one started for as long as it takes. */
export async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { stateDir } = readSettings(process.env);
  if (process.env.DATABASE_URL) return work((await givenDatabase(process.env.DATABASE_URL)).url);
  const running = await runningUrl(stateDir);
  if (running) return work(running);
  const database = await startOwnDatabase(stateDir);
  try {
    return await work(database.url);
  } finally {
    await database.running.stop();
  }
}

async function runningUrl(stateDir: string): Promise<string | undefined> {
  try {
    const url = readFileSync(join(stateDir, 'database-url'), 'utf8').trim();
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    await client.connect();
    await client.end();
    return url;
  } catch {
    return undefined;
  }
}
