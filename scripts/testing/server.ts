import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeLocalSpawner, type LocalOptions, type LocalSpawner } from '../../lib/adapters/local/spawner.ts';
import type { Access } from '../../lib/core/servers/jupyter.ts';
import { anyProfile, anySecrets, anyServer } from '../../lib/core/servers/server.fixture.ts';
import type { Profile, ServerRef } from '../../lib/core/servers/server.ts';
import type { Sighting, Spawner } from '../../lib/core/servers/spawner.ts';

export { anyProfile as testProfile };

/** A folder made for tests is closed to other users; the one in it must be so by itself. */
function openToAll(folder: string): string {
  chmodSync(folder, 0o755);
  return folder;
}

/** A local spawner over a private folder of its own; `end` stops whatever it still runs and removes the folder. */
export async function makeTestSpawner(pythonDir: string, options: Partial<LocalOptions> = {}): Promise<LocalSpawner & { runDir: string; end(): Promise<void> }> {
  const runDir = options.runDir ?? join(openToAll(mkdtempSync(join(tmpdir(), 'lt-'))), 'r');
  const spawner = await makeLocalSpawner({ pythonDir, runDir, network: false, hidden: [resolve(import.meta.dirname, '../..')], ...options });
  return {
    ...spawner,
    runDir,
    async end() {
      for (const server of await spawner.list()) await spawner.stop(server);
      spawner.close();
      rmSync(options.runDir ?? resolve(runDir, '..'), { recursive: true, force: true });
    },
  };
}

/** Waits for the spawner's word on the server to be what `wanted` says. */
export async function waitFor<S extends Sighting['state']>(spawner: Spawner, ref: ServerRef, wanted: S, withinMs = 240_000): Promise<Extract<Sighting, { state: S }>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await spawner.look(ref);
    if (seen.state === wanted) return seen as Extract<Sighting, { state: S }>;
    if (seen.state === 'ended' || Date.now() > deadline) throw new Error(`server is ${JSON.stringify(seen)}, not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

export type TestServer = { access: Access; spawner: LocalSpawner; stop(): Promise<void> };

/**
 * A real notebook server, sandboxed where this machine can, ready with its warm kernel: `const server = await
 * startTestServer(inject('pythonDir'))`. `stop` leaves no process, socket or folder.
 */
export async function startTestServer(pythonDir: string, profile: Partial<Profile> = {}, options: Partial<LocalOptions> = {}): Promise<TestServer> {
  const spawner = await makeTestSpawner(pythonDir, options);
  const [ref, secrets] = [anyServer(), anySecrets()];
  try {
    await spawner.start(ref, { ...anyProfile, ...profile }, secrets);
    const { address } = await waitFor(spawner, ref, 'ready');
    return { access: { ref, address, secrets }, spawner, stop: () => spawner.end() };
  } catch (error) {
    await spawner.end();
    throw error;
  }
}
