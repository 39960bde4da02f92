import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../scripts/testing/database.ts';
import { addWorkspace, makeTestHub, testProfile } from '../../scripts/testing/controller-hub.ts';
import type { WorkspaceId } from '../core/ids.ts';
import type { Jupyter } from '../core/servers/jupyter.ts';
import type { Limits } from '../core/servers/reconcile.ts';
import type { Profile, Server } from '../core/servers/server.ts';
import type { Shortfall } from '../core/servers/shortfall.ts';
import type { Spawner } from '../core/servers/spawner.ts';
import type { ServerStore } from '../core/servers/store.ts';
import { makeController, type ControllerOptions } from './controller.ts';
import { makeFolderSpawner, makeScriptedJupyter, type Script } from './folder-spawner.fixture.ts';
import { makeKillSwitch } from './kill-switch.fixture.ts';
import { quick } from './options.fixture.ts';

export type StartOptions = {
  options?: Partial<ControllerOptions>;
  profile?: Partial<Profile>;
  /** Profiles besides the default. */
  others?: (Partial<Profile> & { name: string })[];
  limits?: Partial<Limits>;
  /** What a snapshot does, besides being noted. */
  take?: () => Promise<void>;
  /** The name of the step after which this controller is as good as killed: nothing it does from then on has any effect. */
  killedAfter?: string;
  leaseMs?: number;
  /** How this controller reaches the database, if not straight. */
  databaseUrl?: string;
  /** What servers' secrets are derived from, newest first. */
  keys?: Uint8Array[];
  /** Real servers instead of files. */
  real?: { spawner: Spawner; jupyter: Jupyter };
};

/** A database, a spawner whose servers outlive controllers, and as many controllers as a test starts. */
export async function makeWorld() {
  const database = await makeTestDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'lectern-world-'));
  const hub = makeTestHub(database.url);
  const jupyter = makeScriptedJupyter();
  const spawner = makeFolderSpawner(folder);
  const snapshots: { workspace: WorkspaceId; at: number }[] = [];
  const stops: (() => Promise<void>)[] = [];

  /** Starts a controller; `stop` ends it as SIGTERM would. */
  function start({ options, profile, others = [], limits, take, killedAfter, leaseMs = 2_000, databaseUrl = database.url, keys, real }: StartOptions = {}) {
    const ending = new AbortController();
    const own = makeTestHub(databaseUrl, { holder: `c${stops.length}`, leaseMs });
    const switchOff = makeKillSwitch(killedAfter);
    const controller = makeController(
      {
        store: switchOff.wrap('store', own.store) as ServerStore,
        lease: switchOff.wrap('lease', own.lease),
        bus: own.bus,
        spawner: switchOff.wrap('spawner', real?.spawner ?? makeFolderSpawner(folder, `c${stops.length}`)) as Spawner,
        jupyter: real?.jupyter ?? (jupyter as unknown as Jupyter),
        snapshots: {
          take: async (_access, workspace) => {
            snapshots.push({ workspace, at: performance.now() });
            await take?.();
          },
        },
        history: own.history,
        keys: (keys ?? [new Uint8Array(32)]).map((server) => ({ server })),
        profiles: [{ ...testProfile, poolFloor: 0, ...profile }, ...others.map((other) => ({ ...testProfile, poolFloor: 0, ...other }))],
        limits: { warningMs: 100, busyMs: 60_000, startAttempts: 2, retryMs: 20, saveMs: 60_000, ...limits },
        log: own.log,
      },
      { ...quick, ...options },
    );
    const running = controller.run(ending.signal);
    const stop = async () => {
      ending.abort();
      // A killed controller's calls hang for ever, and its end with them.
      await (switchOff.killed() ? undefined : running);
      await own.close();
    };
    stops.push(stop);
    return { stop: () => (stops.splice(stops.indexOf(stop), 1), stop()), killed: switchOff.killed, logged: own.logged };
  }

  return {
    url: database.url,
    folder,
    store: hub.store,
    bus: hub.bus,
    lease: hub.lease,
    query: hub.query,
    jupyter,
    spawner,
    snapshots,
    start,
    /** How starts go from now on: all, or those of one profile. */
    script: (script: Script, profile?: string) => writeFileSync(join(folder, profile === undefined ? 'script' : `script ${profile}`), script),
    /** For how many servers there is room from now on. */
    room: (servers: number) => writeFileSync(join(folder, 'room'), String(servers)),
    /** What servers lack here from now on. */
    lack: (...shortfalls: Shortfall[]) => writeFileSync(join(folder, 'shortfalls'), JSON.stringify(shortfalls)),
    journal: () => readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n'),
    workspace: (given?: Parameters<typeof addWorkspace>[1]) => addWorkspace(hub.database, given),
    /** Waits until the workspace's server is in the state. */
    async until<State extends Server['state']>(workspace: WorkspaceId, state: State): Promise<Extract<Server, { state: State }>> {
      return vi.waitFor(async () => {
        const server = await hub.store.of(workspace);
        if (server?.state !== state) throw new Error(`is ${server?.state}, not ${state}`);
        return server as Extract<Server, { state: State }>;
      }, patient);
    },
    async request(workspace: WorkspaceId, profile = 'default') {
      const asked = await hub.store.request(workspace, profile);
      if (asked === 'taken') throw new Error('taken');
      return asked.ref;
    },
    /** Resolves once every server there is belongs to a live row, and every row that should have a server has one. */
    converged: () =>
      vi.waitFor(async () => {
        const rows = await hub.store.live();
        const unsettled = rows.filter(({ state, desired }) => !(desired === 'run' && (state === 'warm' || state === 'running')));
        if (unsettled.length > 0) throw new Error(`not settled: ${unsettled.map(({ state }) => state).join()}`);
        const unmarked = rows.filter((server) => server.state === 'running' && !server.markedAt);
        if (unmarked.length > 0) throw new Error('a running server is not marked');
        const [have, want] = [spawner.kept().sort(), rows.map(({ ref }) => `${ref.id}.${ref.generation}`).sort()];
        if (have.join() !== want.join()) throw new Error(`servers ${have.join()} for rows ${want.join()}`);
      }, patient),
    async end() {
      for (const stop of stops.splice(0)) await stop();
      await hub.close();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

export const patient = { timeout: 60_000, interval: 15 };

export type World = Awaited<ReturnType<typeof makeWorld>>;
