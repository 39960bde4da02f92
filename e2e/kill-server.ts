import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateRunDir } from '../lib/adapters/local/run-dir.ts';
import { liveServer } from './lesson.ts';
import type { Person } from './people.ts';

/** Kills the sandbox of the person's server from outside, as a machine out of memory would. */
export async function killServerOf(person: Pick<Person, 'id'>): Promise<void> {
  const server = await liveServer(person);
  if (!server) throw new Error('the person has no server');
  const name = createHash('sha256').update(`${server.id}\0${server.generation}`).digest('hex').slice(0, 16);
  const folder = join(privateRunDir(process.env.E2E_STATE_DIR!), name);
  const init = /"child-pid":\s*(\d+)/.exec(readFileSync(join(folder, 'status'), 'utf8'))?.[1];
  process.kill(Number(init ?? (JSON.parse(readFileSync(join(folder, 'process'), 'utf8')) as { pid: number }).pid), 'SIGKILL');
}
