import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { UpstreamError } from '../../core/errors.ts';
import type { EndReason } from '../../core/servers/reason.ts';
import type { Profile, ServerRef } from '../../core/servers/server.ts';
import type { Listed, ServerSecrets, Sighting, Spawner } from '../../core/servers/spawner.ts';
import { findCgroups, limitCpu, makeGroup, memoryKills, memoryUsed, removeGroup, type Cgroups } from './cgroup.ts';
import { endServer, processesOf } from './ending.ts';
import { addFolder, allFolders, findFolder, folderName, launchedProcess, leavingFolders, logTail, markClaimed, moveAway, note, openRunDir, readNote, removeFolder, sandboxStatus, type Folder } from './folder.ts';
import { askIdentity } from './identity.ts';
import { launch, type LaunchPlaces } from './launch.ts';
import { isAlive, memoryOf } from './process.ts';
import { findBwrap, probeSandbox, pythonHomeOf, type SandboxProbe } from './probe.ts';
import { findScopes, inScope } from './scope.ts';
import { shortfallsOf, type LocalLimits } from './shortfalls.ts';

export type LocalOptions = {
  /** The notebook environment `scripts/python-environment.ts` made. */
  pythonDir: string;
  /** Short private folder outside the tree, see `privateRunDir`. */
  runDir: string;
  /** Whether notebook code may use this machine's network. */
  network: boolean;
  /** Folders no sandbox may show even where they lie below a system folder: the clone and the state folder. */
  hidden?: string[];
  /** Tries this kind only (tests): `none` makes no sandbox at all, `user` takes the unprivileged one though root could do more. */
  sandbox?: 'none' | 'user';
  onLog?: (message: string, about: Record<string, unknown>) => void;
};

export type LocalSpawner = Spawner & { sandbox: SandboxProbe; limits(): LocalLimits; close(): void };

const SOON_MS = 40;
/** A folder without a process after this long was left by a start that died between two steps. */
const LAUNCH_MS = 30_000;

/**
 * Servers as processes of this machine, each in a sandbox of its own where one can be had. Makes a trial sandbox first.
 * `close` ends the watching, not the servers: they outlive this program, and the next spawner over the same `runDir` adopts them.
 */
export async function makeLocalSpawner(options: LocalOptions): Promise<LocalSpawner> {
  openRunDir(options.runDir);
  const log = options.onLog ?? (() => undefined);
  const bare: LaunchPlaces = { bwrap: findBwrap() ?? '/usr/bin/bwrap', pythonDir: options.pythonDir, pythonHome: pythonHomeOf(options.pythonDir), hidden: options.hidden ?? [], network: options.network };
  const sandbox = options.sandbox === 'none' ? ({ kind: 'none', advice: 'switched off' } as const) : await probeSandbox(bare, options.sandbox);
  const cgroups = findCgroups();
  const scopes = cgroups ? undefined : await findScopes();
  const limits: LocalLimits = {
    memory: cgroups ? 'cgroup' : scopes ? 'scope' : 'watchdog',
    processes: cgroups?.version === 2 || cgroups?.bases.pids ? 'cgroup' : scopes?.processes ? 'scope' : sandbox.kind === 'none' ? 'none' : 'per-user',
    cpu: cgroups?.version === 2 || cgroups?.bases.cpu ? 'cgroup' : scopes?.cpu ? 'scope' : 'none',
    disk: sandbox.kind === 'none' ? 'none' : 'sized',
  };
  const places: LaunchPlaces = scopes ? { ...bare, scope: ({ made }) => inScope(scopes, groupName(made, made.instance), made.profile) } : bare;
  const listeners = new Set<(server: ServerRef) => void>();
  const tell = (ref: ServerRef) => listeners.forEach((listener) => listener(ref));
  const turn = makeTurns();
  let closed = false;

  async function start(ref: ServerRef, profile: Profile, secrets: ServerSecrets): Promise<void> {
    const made = plan(ref, profile, sandbox.kind, cgroups);
    const folder = addFolder(options.runDir, made);
    if (folder === 'exists') return;
    try {
      if (cgroups) makeGroup(cgroups, groupName(ref, made.instance), profile);
      if (sandbox.kind === 'none') for (const name of ['home', 'r']) mkdirSync(join(folder.path, name), { mode: 0o700 });
      await launch(folder, secrets, places);
    } catch (cause) {
      removeGroup(made.cgroups);
      removeFolder(folder);
      throw cause instanceof UpstreamError ? cause : new UpstreamError('sandbox', `start server ${ref.id}`, cause);
    }
    void follow(ref);
  }

  async function look(ref: ServerRef): Promise<Sighting> {
    const folder = findFolder(options.runDir, ref);
    return folder ? see(folder) : { state: 'absent' };
  }

  async function see(folder: Folder): Promise<Exclude<Sighting, { state: 'absent' }>> {
    const { instance, cgroups: groups, profile } = folder.made;
    const outer = launchedProcess(folder);
    if (!outer && !folder.leaving && Date.now() - folder.made.madeMs < LAUNCH_MS) return { state: 'pending', stage: 'creating', instance };
    if (folder.leaving || !outer || !isAlive(outer)) return { state: 'ended', reason: reasonOf(folder), instance };
    const address = { kind: 'unix', path: join(folder.path, 's') } as const;
    if (readNote(folder, 'ready') === undefined) {
      const answer = await askIdentity(address.path);
      const itself = answer?.id === folder.made.id && answer.generation === folder.made.generation;
      if (!itself || answer.kernel === 'starting') {
        const stage = itself ? 'kernel' : sandboxStatus(folder).init === undefined && folder.made.kind !== 'none' ? 'creating' : 'booting';
        return { state: 'pending', stage, instance };
      }
      if (answer.kernel === 'failed') return { state: 'ended', reason: 'start', instance };
      limitCpu(groups, profile.cpus);
      note(folder, 'ready', String(Date.now()));
    }
    return { state: 'ready', address, instance, memoryBytes: memoryUsed(groups) ?? memoryOf(processesOf(folder, outer)) };
  }

  function reasonOf(folder: Folder): EndReason {
    const noted = readNote(folder, 'ended');
    if (noted) return noted as EndReason;
    const reason = memoryKills(folder.made.cgroups) > 0 ? 'memory' : readNote(folder, 'ready') === undefined ? 'start' : 'crashed';
    if (!folder.leaving) {
      note(folder, 'ended', reason);
      log('a server ended by itself', { server: folder.made.id, reason, exitCode: sandboxStatus(folder).exitCode, wrote: logTail(folder) });
    }
    return reason;
  }

  /** Tells of each stage until the server is ready or gone, so that nobody has to ask again and again. */
  async function follow(ref: ServerRef): Promise<void> {
    let before = '';
    while (!closed) {
      const sighting = await look(ref).catch(() => undefined);
      const now = JSON.stringify([sighting?.state, sighting?.state === 'pending' && sighting.stage]);
      if (now !== before) tell(ref);
      before = now;
      if (sighting?.state !== 'pending') return;
      await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    }
  }

  async function stop(ref: ServerRef, instance?: string): Promise<void> {
    const folder = findFolder(options.runDir, ref);
    if (folder && (instance === undefined || folder.made.instance === instance)) moveAway(options.runDir, folder);
    for (const leaving of leavingFolders(options.runDir, ref)) await endServer(leaving);
    tell(ref);
  }

  async function list(): Promise<Listed[]> {
    const newest = new Map<string, Folder>();
    for (const folder of allFolders(options.runDir)) {
      const name = folderName(folder.made);
      if (!newest.has(name) || !folder.leaving) newest.set(name, folder);
    }
    return Promise.all([...newest.values()].map(async (folder) => ({ id: folder.made.id, generation: folder.made.generation, claimed: folder.claimed, sighting: await see(folder) })));
  }

  /** Where no cgroup limits memory, a server that takes too much is ended by us. */
  function watchMemory(): void {
    for (const folder of allFolders(options.runDir)) {
      const outer = launchedProcess(folder);
      if (folder.leaving || folder.made.cgroups.length > 0 || !outer || !isAlive(outer)) continue;
      const pids = processesOf(folder, outer);
      if (memoryOf(pids) <= folder.made.profile.memoryBytes) continue;
      note(folder, 'ended', 'memory');
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      tell(folder.made);
    }
  }
  const watchdog = cgroups ? undefined : setInterval(watchMemory, 1000).unref();

  return {
    start: (ref, profile, secrets) => turn(ref, () => start(ref, profile, secrets)),
    look,
    stop: (ref, instance) => turn(ref, () => stop(ref, instance)),
    list,
    async mark(ref) {
      const folder = findFolder(options.runDir, ref);
      if (!folder) throw new UpstreamError('sandbox', `mark server ${ref.id}: there is none`);
      markClaimed(folder);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    sandbox,
    limits: () => limits,
    shortfalls: async () => shortfallsOf(sandbox, limits),
    close() {
      closed = true;
      clearInterval(watchdog);
      listeners.clear();
    },
  };
}

const groupName = (ref: ServerRef, instance: string) => `${folderName(ref)}-${instance}`;

function plan(ref: ServerRef, profile: Profile, kind: SandboxProbe['kind'], cgroups: Cgroups | undefined) {
  const instance = randomBytes(8).toString('hex');
  const name = groupName(ref, instance);
  const groups = !cgroups ? [] : cgroups.version === 2 ? [join(cgroups.base, name)] : Object.values(cgroups.bases).map((base) => join(base, name));
  return {
    id: ref.id,
    generation: ref.generation,
    instance,
    kind,
    uid: kind === 'root' ? ownUid(instance) : kind === 'user' ? 1000 : (process.getuid?.() ?? 0),
    cgroups: groups,
    profile: { cpus: profile.cpus, memoryBytes: profile.memoryBytes, diskBytes: profile.diskBytes, processes: profile.processes },
    madeMs: Date.now(),
  };
}

/** A uid of this server's alone, from a range nothing else hands out (systemd's reservations end below it). */
const ownUid = (instance: string) => 0x7000_0000 + (Number.parseInt(instance.slice(0, 8), 16) % 0x0eff_ffff);

/** Work on one server happens one after the other. */
function makeTurns() {
  const last = new Map<string, Promise<unknown>>();
  return <T>(ref: ServerRef, work: () => Promise<T>): Promise<T> => {
    const name = folderName(ref);
    const mine = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, mine);
    void mine.catch(() => undefined).finally(() => last.get(name) === mine && last.delete(name));
    return mine;
  };
}
