import type { ServerId } from '../core/ids.ts';
import type { Lease } from '../core/servers/lease.ts';
import { justClaimed, poolChanges, poolTarget } from '../core/servers/pool.ts';
import { admit } from '../core/servers/queue.ts';
import type { Profiles, Server, ServerRef } from '../core/servers/server.ts';
import type { ServerStore } from '../core/servers/store.ts';
import { makeBackOff, makeTurnstile } from '../core/waiting.ts';
import type { Term } from './lead.ts';

export type StaffOptions = { maxServers: number; startsAtOnce: number; backOffMs: { first: number; most: number } };

type Deps = {
  store: ServerStore;
  lease: Lease;
  profiles: Profiles;
  /** Whether something is being done to that server just now. */
  isWorking: (id: ServerId) => boolean;
  start: (server: Server) => void;
  /** Marks a server that was handed over as its owner's. */
  quicken: (ref: ServerRef) => void;
  /** Looks again soon. */
  ring: () => void;
};

const demandWindowMs = 5 * 60_000;
/** Of a profile whose starts have not been seen yet. */
const usualStartMs = 5_000;
const room = 'room';
const poolKey = (profile: string) => `pool ${profile}`;

/** Gives those who wait their servers, and keeps each profile's pool at its target: as many as the machine, the pace and the cluster allow. */
export function makeStaff({ store, lease, profiles, isWorking, start: begin, quicken, ring }: Deps, options: StaffOptions, term: Term) {
  /** What was refused or failed of late: room for one more, and starts for a pool, which are made neither in a hurry nor at another profile's cost. */
  const backOff = makeBackOff(options.backOffMs.first, options.backOffMs.most);
  /** Some of the database's connections stay free, for the lease first of all. */
  const writing = makeTurnstile(6);
  const each = <T>(all: readonly T[], write: (one: T) => Promise<void>) => Promise.all(all.map((one) => writing(() => write(one))));
  let wasWarming = new Map<ServerId, { profile: string; since: number }>();
  const startMs = new Map<string, number>();
  /** How many servers there were when there was no room for one more. */
  let full: number | undefined;
  let wasRefused = false;

  function learnFromStarts(servers: readonly Server[]): void {
    const states = new Map(servers.map((server) => [server.ref.id, server]));
    for (const [id, { profile, since }] of wasWarming) {
      const now = states.get(id);
      if (now?.state === 'warming') continue;
      if (now?.state === 'warm' || now?.state === 'running') {
        backOff.succeed(poolKey(profile));
        startMs.set(profile, Math.max(500, ((startMs.get(profile) ?? usualStartMs) + (lease.now().getTime() - since)) / 2));
      } else if (now?.desired !== 'stop') backOff.fail(poolKey(profile));
    }
    wasWarming = new Map(servers.flatMap((server) => (server.state === 'warming' ? [[server.ref.id, { profile: server.profile, since: server.since.getTime() }] as const] : [])));
  }

  /**
   * How many more servers there is room for: by the site's own maximum, and by what the spawner said when it last had none. Where it had
   * none, one is tried in place of each that has ended, and now and then one more.
   */
  function freeFor(servers: readonly Server[]): number {
    const made = servers.filter(({ state }) => state !== 'requested');
    if (wasRefused) {
      full = made.length;
      backOff.fail(room);
    } else if (full !== undefined && made.filter(({ ref }) => !isWorking(ref.id)).length > full) {
      full = undefined;
      backOff.succeed(room);
    }
    wasRefused = false;
    return Math.min(options.maxServers, full === undefined ? Infinity : full + (backOff.resting(room) ? 0 : 1)) - made.length;
  }

  return {
    /** The spawner had no room for a start: whoever it was for is in the queue again. */
    noRoom: () => void (wasRefused = true),

    /**
     * @param servers every live row, as the pass has read them
     * @param ready how the spawner shows that server, where it is ready and nobody's
     * @returns how long until a pool may be filled further, where it is not yet, in milliseconds
     */
    async staff(servers: readonly Server[], ready: (server: Server) => Readiness | undefined): Promise<number | undefined> {
      learnFromStarts(servers);
      const pools = poolsOf(servers, profiles, ready);
      const count = (which: (server: Server) => boolean) => servers.reduce((sum, server) => sum + (which(server) ? 1 : 0), 0);
      const free = freeFor(servers);
      const starting = count(isUnderWay);
      const anyWaiting = servers.some(({ state, desired }) => state === 'requested' && desired === 'run');
      const { waiting, lastServed } = anyWaiting ? await store.queue() : { waiting: [], lastServed: new Map() };
      const { handOver, start, held, lacking } = admit(waiting, lastServed, { free, startsAtOnce: options.startsAtOnce, starting, profiles: pools }, lease.now());
      await each(handOver, async (pair) => void ((await store.handOver(pair.to, pair.warm, term.epoch)) && quicken(pair.warm)));
      const known = new Map(servers.map((server) => [server.ref.id, server]));
      await Promise.all(start.map(async (ref) => {
        if (!(await store.move(ref, 'requested', { to: 'starting', stage: 'creating' }, term.epoch))) return;
        const server = known.get(ref.id);
        if (server?.state === 'requested') begin({ ...server, state: 'starting', stage: 'creating', since: lease.now() });
        else ring();
      }));

      const now = lease.now();
      const given = new Set(handOver.map(({ warm }) => warm.id));
      const wants = [...pools].map(([name, pool]) => {
        const profile = profiles.find((one) => one.name === name);
        const target = profile ? poolTarget(profile, now, { claimedAt: pool.claimedAt, windowMs: demandWindowMs, startMs: startMs.get(name) ?? usualStartMs }) : 0;
        const just = justClaimed(pool.claimedAt, now);
        const left = pool.warm.filter(({ id }) => !given.has(id));
        return { profile, left, target, warm: pool.standing - (pool.warm.length - left.length), warming: pool.warming + pool.lingering, outdated: pool.outdated.filter(({ id }) => !given.has(id)).length, cramped: pool.cramped, justClaimed: just.count, nextMs: just.nextMs, resting: backOff.resting(poolKey(name)) };
      });
      const leaving = count(({ state, desired }) => state === 'stopping' || (state === 'warm' && desired === 'stop'));
      const changes = poolChanges(wants, { free: free - start.length, starts: options.startsAtOnce - starting - start.length, held, wanted: Math.max(0, lacking - leaving) });
      for (const [at, { add, drop }] of changes.entries()) {
        const { profile, left } = wants[at]!;
        await each(profile ? Array.from({ length: add }, () => profile) : [], async (made) => {
          const added = await store.addWarming(made, term.epoch);
          if (added === 'fenced') return;
          wasWarming.set(added.ref.id, { profile: added.profile, since: added.since.getTime() });
          begin(added);
        });
        await each(left.slice(left.length - Math.min(drop, left.length)), async (ref) => void (await store.move(ref, 'warm', { to: 'stopping', reason: 'surplus' }, term.epoch)));
      }
      return wants.reduce<number | undefined>((least, { nextMs }) => (nextMs === undefined ? least : Math.min(nextMs, least ?? Infinity)), undefined);
    },
  };
}

/** Its start takes a part of what a machine can start at once; one that waits for its image or for a node takes none. */
const isUnderWay = (server: Server) => (server.state === 'warming' || server.state === 'starting') && !isStuck(server);
const isStuck = (server: Server) => (server.state === 'warming' || server.state === 'starting') && (server.stage === 'image' || server.stage === 'room');

/** Whether a warm server is what would be made now. */
export type Readiness = 'current' | 'outdated';

/**
 * `warm`: those that can be handed over now, the outdated last: they are given only where there is no other, and leave first.
 * `cramped`: one of the warming waits for a node with room. `standing`: with those that were not seen ready just now.
 */
type PoolNow = { warm: ServerRef[]; outdated: ServerRef[]; cramped: boolean; standing: number; warming: number; /** Of the stuck, those for the pool. */ lingering: number; stuck: number; claimedAt: Date[] };

/** Each profile's servers, in one look at all; those of a profile that is no more come last. */
function poolsOf(servers: readonly Server[], profiles: Profiles, ready: (server: Server) => Readiness | undefined): Map<string, PoolNow> {
  const empty = (): PoolNow => ({ warm: [], outdated: [], cramped: false, standing: 0, warming: 0, lingering: 0, stuck: 0, claimedAt: [] });
  const pools = new Map(profiles.map(({ name }) => [name, empty()]));
  for (const server of servers) {
    const pool = pools.get(server.profile) ?? empty();
    pools.set(server.profile, pool);
    if (isStuck(server)) pool.stuck++;
    if (server.state === 'running') pool.claimedAt.push(server.claimedAt);
    if (server.desired !== 'run') continue;
    if (server.state === 'warming') pool[isStuck(server) ? 'lingering' : 'warming']++;
    if (server.state === 'warm') pool.standing++;
    if (server.state === 'warming' && server.stage === 'room') pool.cramped = true;
    const readiness = server.state === 'warm' ? ready(server) : undefined;
    if (readiness) pool[readiness === 'current' ? 'warm' : 'outdated'].push(server.ref);
  }
  for (const pool of pools.values()) pool.warm.push(...pool.outdated);
  return pools;
}
