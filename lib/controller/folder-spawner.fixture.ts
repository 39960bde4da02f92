import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpstreamError } from '../core/errors.ts';
import type { ServerId } from '../core/ids.ts';
import type { Jupyter, ServerEvent, ServerStatus } from '../core/servers/jupyter.ts';
import type { EndReason } from '../core/servers/reason.ts';
import type { ServerRef } from '../core/servers/server.ts';
import type { Shortfall } from '../core/servers/shortfall.ts';
import { NoRoom, type Listed, type Sighting, type Spawner } from '../core/servers/spawner.ts';

/** `memoryBytes`: of the profile as it was when the server was made. */
type Kept = { instance: string; claimed: boolean; ended?: EndReason; profile?: string; memoryBytes?: number };
/** How starts go: ready at once, never, waiting for an image, thrown, thrown after a while, or dead at once. */
export type Script = 'ready' | 'never' | 'no image' | 'throws' | 'throws late' | 'dies';

/**
 * A spawner whose servers are files of a folder: they outlive a controller that is killed, and several processes see the
 * same ones. A journal tells who did what, and a second live instance of one server is written down as the fault it is.
 */
export function makeFolderSpawner(folder: string, by = 'one'): Spawner & { kept(): string[] } {
  const servers = join(folder, 'servers');
  mkdirSync(servers, { recursive: true });
  const listeners = new Set<(server: ServerRef) => void>();
  const fileOf = ({ id, generation }: ServerRef) => join(servers, `${id}.${generation}`);
  const journal = (what: string, { id }: ServerRef) => appendFileSync(join(folder, 'journal'), `${by} ${what} ${id}\n`);
  const read = (ref: ServerRef): Kept | undefined => {
    try {
      return JSON.parse(readFileSync(fileOf(ref), 'utf8')) as Kept;
    } catch {
      return undefined;
    }
  };
  const write = (ref: ServerRef, kept: Kept) => writeFileSync(fileOf(ref), JSON.stringify(kept));
  const script = (profile = ''): Script => {
    const file = ['script', `script ${profile}`].map((name) => join(folder, name)).findLast((one) => existsSync(one));
    return file ? (readFileSync(file, 'utf8') as Script) : 'ready';
  };
  const room = () => (existsSync(join(folder, 'room')) ? Number(readFileSync(join(folder, 'room'), 'utf8')) : Infinity);
  const sight = (ref: ServerRef, kept: Kept | undefined): Sighting => {
    if (!kept) return { state: 'absent' };
    if (kept.ended) return { state: 'ended', reason: kept.ended, instance: kept.instance };
    const how = script(kept.profile);
    if (how === 'never' || how === 'no image') return { state: 'pending', stage: how === 'never' ? 'booting' : 'image', instance: kept.instance };
    return { state: 'ready', address: { kind: 'unix', path: fileOf(ref) }, instance: kept.instance, memoryBytes: 100_000_000 };
  };
  const changed = (ref: ServerRef) => listeners.forEach((tell) => tell(ref));
  return {
    kept: () => readdirSync(servers),
    async start(ref, { name: profile, memoryBytes }) {
      journal('start', ref);
      const how = script(profile);
      if (!read(ref) && readdirSync(servers).length >= room()) throw new NoRoom('sandbox', 'the folder is full');
      if (how === 'throws') throw new UpstreamError('sandbox', 'no room');
      if (!read(ref)) write(ref, { instance: randomUUID(), claimed: false, profile, memoryBytes, ...(how === 'dies' && { ended: 'crashed' }) });
      if (how === 'throws late') throw new UpstreamError('sandbox', 'it broke after it was made');
      changed(ref);
    },
    look: async (ref) => sight(ref, read(ref)),
    async stop(ref, instance) {
      journal('stop', ref);
      if (instance === undefined || read(ref)?.instance === instance) rmSync(fileOf(ref), { force: true });
      changed(ref);
    },
    async list(profiles) {
      const isOutdated = ({ profile, memoryBytes }: Kept) => profiles?.some(({ name, memoryBytes: now }) => name === profile && now !== memoryBytes);
      return readdirSync(servers).flatMap((name): Listed[] => {
        const [id, generation] = name.split('.');
        const ref = { id: id as ServerId, generation: Number(generation) };
        const [kept, sighting] = [read(ref), sight(ref, read(ref))];
        return kept && sighting.state !== 'absent' ? [{ ...ref, claimed: kept.claimed, sighting, ...(isOutdated(kept) && { outdated: true }) }] : [];
      });
    },
    async mark(ref) {
      journal('mark', ref);
      const kept = read(ref);
      if (!kept) throw new UpstreamError('sandbox', 'no such server');
      write(ref, { ...kept, claimed: true });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    shortfalls: async () => (existsSync(join(folder, 'shortfalls')) ? (JSON.parse(readFileSync(join(folder, 'shortfalls'), 'utf8')) as Shortfall[]) : []),
  };
}

/** What happens in a folder spawner's server without any controller: it dies, or is somebody's already. */
export function tamper(folder: string, ref: ServerRef, change: Partial<Kept> | 'gone'): void {
  const file = join(folder, 'servers', `${ref.id}.${ref.generation}`);
  if (change === 'gone') return rmSync(file);
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : { instance: randomUUID(), claimed: false };
  writeFileSync(file, JSON.stringify({ ...kept, ...change }));
}

export type ScriptedJupyter = Pick<Jupyter, 'prove' | 'status' | 'events'> & {
  /** What servers report; `busy` and input times are set by the test. */
  report: Map<ServerId, Partial<ServerStatus>>;
  say(id: ServerId, event: ServerEvent): void;
  /** How many follow this server's events now. */
  following(id: ServerId): number;
};

/** The extension of a folder spawner's servers, as far as the controller asks it anything. */
export function makeScriptedJupyter(): ScriptedJupyter {
  const report: ScriptedJupyter['report'] = new Map();
  const streams = new Map<ServerId, Set<(event: ServerEvent | 'over') => void>>();
  const of = (id: ServerId) => streams.get(id) ?? streams.set(id, new Set()).get(id)!;
  return {
    report,
    say: (id, event) => of(id).forEach((tell) => tell(event)),
    following: (id) => of(id).size,
    prove: async ({ address }) => (address.kind === 'unix' && existsSync(address.path) ? 'proven' : 'absent'),
    async status({ ref, address }) {
      if (address.kind === 'unix' && !existsSync(address.path)) throw new UpstreamError('jupyter', 'gone');
      return { nowMs: 1_000_000, lastInputMs: 0, lastBusyMs: 0, kernels: [], terminals: 0, diskUsedBytes: 0, diskSizeBytes: 1, ...report.get(ref.id) };
    },
    async *events({ ref }, signal) {
      const waiting: (ServerEvent | 'over')[] = [];
      let wake = () => {};
      const hear = (event: ServerEvent | 'over') => {
        waiting.push(event);
        wake();
      };
      of(ref.id).add(hear);
      const over = () => hear('over');
      signal.addEventListener('abort', over);
      try {
        for (;;) {
          const next = waiting.shift();
          if (next === 'over') return;
          if (next) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', over);
        of(ref.id).delete(hear);
      }
    },
  };
}
