import { UpstreamError } from '../../core/errors.ts';
import type { EndReason } from '../../core/servers/reason.ts';
import type { Address, ServerRef, Stage } from '../../core/servers/server.ts';
import type { Listed, Sighting, Spawner } from '../../core/servers/spawner.ts';

/** What a start leads to. Nothing but `refuse` happens before `start` has returned. */
export type Script =
  /** Ready at once, or after a while; the address is where a test has something listening. */
  | { then: 'ready'; afterMs?: number; address?: Address }
  /** Stays at this stage until the test says otherwise. */
  | { then: 'wait'; stage?: Stage }
  /** Dies before it was ready. */
  | { then: 'die'; afterMs?: number; reason?: EndReason }
  /** The start itself throws. */
  | { then: 'refuse'; afterMs?: number };

type Here = { ref: ServerRef; claimed: boolean; sighting: Exclude<Sighting, { state: 'absent' }> };

/** Where scripted servers live. Several spawners over one place see the same servers, as after a restart. */
export type MemoryPlace = { servers: Map<string, Here>; made: number };

export const makeMemoryPlace = (): MemoryPlace => ({ servers: new Map(), made: 0 });

/** A spawner whose servers do what they are told. */
export type MemorySpawner = Spawner & {
  /** How many servers were really made, of all references: a second start must not count. */
  readonly made: number;
  /** Lets a waiting server become ready, or moves it to another stage. */
  become(server: ServerRef, state: { state: 'ready'; address?: Address } | { state: 'pending'; stage: Stage }): void;
  /** The server ends by itself. */
  die(server: ServerRef, reason?: EndReason): void;
};

const keyOf = ({ id, generation }: ServerRef) => `${id} ${generation}`;
const nowhere = (ref: ServerRef): Address => ({ kind: 'unix', path: `/nonexistent/${ref.id}-${ref.generation}` });
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Scripted servers for tests: each start asks `script` what is to happen. Without one every server is ready at once. */
export function makeMemorySpawner(script: (server: ServerRef, attempt: number) => Script = () => ({ then: 'ready' }), place = makeMemoryPlace()): MemorySpawner {
  const listeners = new Set<(server: ServerRef) => void>();
  const attempts = new Map<string, number>();

  function change(ref: ServerRef, instance: string | undefined, make: (instance: string) => Here['sighting']): void {
    const here = place.servers.get(keyOf(ref));
    if (!here || (instance !== undefined && here.sighting.instance !== instance)) return;
    here.sighting = make(here.sighting.instance);
    for (const listener of listeners) listener(ref);
  }

  async function play(ref: ServerRef, instance: string, what: Exclude<Script, { then: 'refuse' }>): Promise<void> {
    if (what.then === 'wait') return change(ref, instance, () => ({ state: 'pending', stage: what.stage ?? 'booting', instance }));
    if (what.afterMs) await later(what.afterMs);
    if (what.then === 'ready') change(ref, instance, () => ({ state: 'ready', address: what.address ?? nowhere(ref), instance }));
    else change(ref, instance, () => ({ state: 'ended', reason: what.reason ?? 'start', instance }));
  }

  return {
    get made() {
      return place.made;
    },
    async start(ref) {
      const key = keyOf(ref);
      if (place.servers.has(key)) return;
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      const what = script(ref, attempt);
      if (what.then === 'refuse') {
        if (what.afterMs) await later(what.afterMs);
        throw new UpstreamError('sandbox', `start server ${ref.id}`, new Error('scripted'));
      }
      const instance = `memory-${++place.made}`;
      place.servers.set(key, { ref: { id: ref.id, generation: ref.generation }, claimed: false, sighting: { state: 'pending', stage: 'creating', instance } });
      void play(ref, instance, what);
    },
    async look(ref) {
      return place.servers.get(keyOf(ref))?.sighting ?? { state: 'absent' };
    },
    async stop(ref, instance) {
      const here = place.servers.get(keyOf(ref));
      if (!here || (instance !== undefined && here.sighting.instance !== instance)) return;
      place.servers.delete(keyOf(ref));
      for (const listener of listeners) listener(ref);
    },
    async list(): Promise<Listed[]> {
      return [...place.servers.values()].map(({ ref, claimed, sighting }) => ({ ...ref, claimed, sighting }));
    },
    async mark(ref) {
      const here = place.servers.get(keyOf(ref));
      if (!here) throw new UpstreamError('sandbox', `mark server ${ref.id}: there is none`);
      here.claimed = true;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    shortfalls: async () => [],
    become(ref, state) {
      change(ref, undefined, (instance) => (state.state === 'ready' ? { state: 'ready', address: state.address ?? nowhere(ref), instance } : { ...state, instance }));
    },
    die(ref, reason = 'crashed') {
      change(ref, undefined, (instance) => ({ state: 'ended', reason, instance }));
    },
  };
}
