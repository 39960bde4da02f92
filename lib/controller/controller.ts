import type { Bus } from '../core/bus.ts';
import type { ServerId } from '../core/ids.ts';
import { decideIdle } from '../core/servers/idle.ts';
import { justClaimed, poolChanges, poolTarget } from '../core/servers/pool.ts';
import { admit } from '../core/servers/queue.ts';
import { decide, idleLimits, type Action, type Seen } from '../core/servers/reconcile.ts';
import { profileNamed, type Profiles, type RunningServer, type Server, type ServerRef } from '../core/servers/server.ts';
import type { Listed } from '../core/servers/spawner.ts';
import type { History } from '../core/workspaces/thinning.ts';
import { Deposed, isMarked, makeAct, type ActDeps } from './act.ts';
import { follow, type FollowOptions, type Follower } from './follow.ts';
import { keepHouse, type HousekeepingOptions } from './housekeeping.ts';
import { lead, type Term } from './lead.ts';
import { restMs } from './rest.ts';
import { makeSweep } from './sweep.ts';
import { makeBackOff, makeBell, makeTurnstile, pause, within } from '../core/waiting.ts';

export type ControllerOptions = FollowOptions & HousekeepingOptions & {
  maxServers: number;
  startsAtOnce: number;
  /** Between two passes when nothing rings, and while something starts. */
  passMs: number;
  startingPassMs: number;
  renewMs: number;
  standbyMs: number;
  /** How long a server no row knows is left alone: its row may be on its way back from a backup. */
  orphanGraceMs: number;
  backOffMs: { first: number; most: number };
};

type Deps = ActDeps & { bus: Bus; history: History; profiles: Profiles };

export const defaultOptions: Omit<ControllerOptions, 'maxServers' | 'startsAtOnce'> = {
  passMs: 3_000,
  startingPassMs: 200,
  renewMs: 2_500,
  standbyMs: 2_000,
  orphanGraceMs: 60_000,
  housekeeping: { firstMs: 3 * 60_000, everyMs: 3_600_000 },
  backOffMs: { first: 500, most: 30_000 },
  writeMs: 10_000,
  statusMs: 2 * 60_000,
  snapshotGapMs: 1_000,
};

/** A class is inside long before each of its servers carries its own mark: that waits while so much else is under way. */
const atLeisure = 24;
const demandWindowMs = 5 * 60_000;
const absent: Seen = { sighting: { state: 'absent' }, claimed: false };
const keyOf = ({ ref }: { ref: { id: ServerId; generation: number } }) => `${ref.id}/${ref.generation}`;
const poolKey = (profile: string) => `pool ${profile}`;
/** Of one whose starts have not been seen yet. */
const usualStartMs = 5_000;

/**
 * The loop that makes the servers that are equal the servers that are wanted: list, compare, repair. Run it in as many
 * processes as you like; one leads. Events only make it look sooner.
 */
export function makeController(deps: Deps, options: ControllerOptions) {
  const { store, lease, bus, spawner, jupyter, snapshots, profiles, limits, log } = deps;
  const { act, mark, access, effect } = makeAct(deps);
  const bell = makeBell();

  async function term(term: Term): Promise<void> {
    const working = new Map<ServerId, Promise<void>>();
    const followers = new Map<ServerId, Follower>();
    const backOff = makeBackOff(options.backOffMs.first, options.backOffMs.most);
    const ending = makeTurnstile(8);
    const saving = makeTurnstile(4);
    const calling = makeTurnstile(32);
    /** Some of the database's connections stay free, for the lease first of all. */
    const writing = makeTurnstile(6);
    /** Whose work ended since the pass began: what the pass read of them may be older than that. */
    const settled = new Set<ServerId>();
    const stop = ({ id, generation, sighting }: Listed) =>
      void task(id, () => ending(() => effect(term, 'stop', () => spawner.stop({ id, generation }, sighting.instance)).then(() => true)));
    const sweep = makeSweep({ store, now: lease.now, log, stop }, options.orphanGraceMs);

    /**
     * One work at a time per server; what fails is left alone for a while and then decided anew.
     * @returns whether the work was begun
     */
    function task(id: ServerId, work: () => Promise<boolean>): boolean {
      if (working.has(id) || backOff.resting(id) || term.signal.aborted) return false;
      const done = work()
        .then((changed) => {
          backOff.succeed(id);
          if (changed) bell.ring();
        })
        .catch((error: unknown) => {
          if (error instanceof Deposed) return bell.ring();
          backOff.fail(id);
          log.warn({ err: error, server: id }, 'will try again');
        })
        .finally(() => {
          working.delete(id);
          settled.add(id);
        });
      working.set(id, done);
      return true;
    }

    /** A claim must be marked before its owner can enter: the one event that is worth more than a ring. */
    function quicken(ref: ServerRef): void {
      // The mark is announced, which rings.
      const begun = task(ref.id, () => mark(ref, term).then(() => false));
      if (!begun) bell.ring();
    }

    function perform(server: Server, action: Action): void {
      const doIt = () => act(server, action, profileNamed(profiles, server.profile), term);
      const heavy = action.do === 'remove' || action.do === 'retry';
      const idle = server.state === 'running' && (action.do === 'warn' || (action.do === 'end' && (action.reason === 'idle' || action.reason === 'lifetime') && server.desired === 'run'));
      task(server.ref.id, () => (heavy ? ending(doIt) : idle ? unlessActive(server, doIt) : doIt()));
    }

    /** What events told of activity may be old: before a warning or a stop the server itself is asked, and then its row, in which its owner may have kept it. */
    async function unlessActive(server: RunningServer, doIt: () => Promise<boolean>): Promise<boolean> {
      await followers.get(server.ref.id)?.refresh().catch((error: unknown) => log.info({ err: error, server: server.ref.id }, 'no answer before an idle decision'));
      const fresh = await store.find(server.ref);
      if (fresh?.state !== 'running') return true;
      const still = decideIdle(fresh, lease.now(), idleLimits(profileNamed(profiles, fresh.profile), limits)).do;
      return still === 'warn' || still === 'stop' ? doIt() : true;
    }

    function attend(servers: Server[]): void {
      const wanted = new Map(servers.flatMap((server) => (server.state === 'running' && server.markedAt ? [[server.ref.id, server] as const] : [])));
      for (const [id, follower] of followers) {
        if (wanted.has(id)) continue;
        follower.end();
        followers.delete(id);
      }
      for (const [id, server] of wanted) {
        if (!followers.has(id)) followers.set(id, follow(server, () => access(server.ref, server.address), term, { store, jupyter, snapshots, now: lease.now, log, saving, calling }, options));
      }
    }

    const each = <T>(all: readonly T[], write: (one: T) => Promise<void>) => Promise.all(all.map((one) => writing(() => write(one))));

    /** @returns how long until a pool may be filled further, where it is not yet */
    async function staff(servers: Server[], seen: ReadonlyMap<string, Listed>): Promise<number | undefined> {
      const ready = (server: Server) => sightedReady(seen.get(keyOf(server)));
      const pools = poolsOf(servers, profiles, ready);
      const count = (which: (server: Server) => boolean) => servers.reduce((sum, server) => sum + (which(server) ? 1 : 0), 0);
      const free = options.maxServers - count(({ state }) => state !== 'requested');
      const starting = count(isUnderWay);
      const anyWaiting = servers.some(({ state, desired }) => state === 'requested' && desired === 'run');
      const { waiting, lastServed } = anyWaiting ? await store.queue() : { waiting: [], lastServed: new Map() };
      const { handOver, start, held, lacking } = admit(waiting, lastServed, { free, startsAtOnce: options.startsAtOnce, starting, profiles: pools }, lease.now());
      await each(handOver, async (pair) => void ((await store.handOver(pair.to, pair.warm, term.epoch)) && quicken(pair.warm)));
      const known = new Map(servers.map((server) => [server.ref.id, server]));
      await Promise.all(start.map(async (ref) => {
        if (!(await store.move(ref, 'requested', { to: 'starting', stage: 'creating' }, term.epoch))) return;
        const server = known.get(ref.id);
        if (server?.state === 'requested') perform({ ...server, state: 'starting', stage: 'creating', since: lease.now() }, { do: 'start' });
        else bell.ring();
      }));

      const now = lease.now();
      const given = new Set(handOver.map(({ warm }) => warm.id));
      const wants = [...pools].map(([name, pool]) => {
        const profile = profiles.find((one) => one.name === name);
        const target = profile ? poolTarget(profile, now, { claimedAt: pool.claimedAt, windowMs: demandWindowMs, startMs: startMs.get(name) ?? usualStartMs }) : 0;
        const just = justClaimed(pool.claimedAt, now);
        const left = pool.warm.filter(({ id }) => !given.has(id));
        return { profile, left, target, warm: pool.standing - (pool.warm.length - left.length), warming: pool.warming + pool.lingering, justClaimed: just.count, nextMs: just.nextMs, resting: backOff.resting(poolKey(name)) };
      });
      const leaving = count(({ state, desired }) => state === 'stopping' || (state === 'warm' && desired === 'stop'));
      const changes = poolChanges(wants, { free: free - start.length, starts: options.startsAtOnce - starting - start.length, held, wanted: Math.max(0, lacking - leaving) });
      for (const [at, { add, drop }] of changes.entries()) {
        const { profile, left } = wants[at]!;
        await each(profile ? Array.from({ length: add }, () => profile) : [], async (made) => {
          const added = await store.addWarming(made, term.epoch);
          if (added === 'fenced') return;
          wasWarming.set(added.ref.id, { profile: added.profile, since: added.since.getTime() });
          perform(added, { do: 'start' });
        });
        await each(left.slice(left.length - Math.min(drop, left.length)), async (ref) => void (await store.move(ref, 'warm', { to: 'stopping', reason: 'surplus' }, term.epoch)));
      }
      return wants.reduce<number | undefined>((least, { nextMs }) => (nextMs === undefined ? least : Math.min(nextMs, least ?? Infinity)), undefined);
    }

    /** Servers for a pool that cannot be started must not be made in a hurry for ever; nor must they keep another profile's from being made. */
    let wasWarming = new Map<ServerId, { profile: string; since: number }>();
    const startMs = new Map<string, number>();
    function learnFromStarts(servers: Server[]): void {
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

    async function pass(): Promise<number> {
      const began = performance.now();
      settled.clear();
      const servers = await store.live();
      const listed = await within(30_000, 'list', spawner.list());
      const seen = new Map(listed.map((one) => [keyOf({ ref: one }), one]));
      learnFromStarts(servers);
      for (const server of servers) {
        const action = decide(server, seen.get(keyOf(server)) ?? absent, lease.now(), profileNamed(profiles, server.profile), limits);
        if (action.do === 'nothing' || (action.do === 'mark' && isMarked(server) && working.size >= atLeisure)) continue;
        if (settled.has(server.ref.id)) bell.ring();
        else perform(server, action);
      }
      attend(servers);
      const fillMs = await staff(servers, seen);
      await sweep(listed, new Set(servers.map(keyOf)), working);
      backOff.keepOnly(new Set([...profiles.map(({ name }) => poolKey(name)), ...servers.map(({ ref }) => ref.id)]));
      await recordMemory(servers, seen);
      await report();
      log.debug({ servers: servers.length, ms: Math.round(performance.now() - began) }, 'pass');
      const moving = servers.some(({ state }) => state === 'warming' || state === 'starting' || state === 'stopping');
      return Math.min(moving ? options.startingPassMs : options.passMs, fillMs ?? Infinity);
    }

    let reported: string | undefined;
    async function report(): Promise<void> {
      const shortfalls = await spawner.shortfalls();
      const text = JSON.stringify(shortfalls);
      if (text !== reported && (await lease.report(term.epoch, shortfalls))) reported = text;
    }

    const memoryAt = new Map<ServerId, number>();
    async function recordMemory(servers: Server[], seen: ReadonlyMap<string, Listed>): Promise<void> {
      // The cluster tells of no pod's memory.
      if (![...seen.values()].some(({ sighting }) => sighting.state === 'ready' && sighting.memoryBytes !== undefined)) return;
      for (const server of servers) {
        const sighting = seen.get(keyOf(server))?.sighting;
        if (server.state !== 'running' || sighting?.state !== 'ready' || sighting.memoryBytes === undefined) continue;
        if (performance.now() - (memoryAt.get(server.ref.id) ?? -Infinity) < options.writeMs) continue;
        memoryAt.set(server.ref.id, performance.now());
        await store.setActivity(server.ref, { memoryBytes: sighting.memoryBytes }, term.epoch);
      }
      const alive = new Set(servers.map(({ ref }) => ref.id));
      for (const id of memoryAt.keys()) if (!alive.has(id)) memoryAt.delete(id);
    }

    const unsubscribe = bus.subscribe((event) => event.kind === 'server' && (event.unmarked === undefined ? bell.ring() : quicken({ id: event.id, generation: event.unmarked })), bell.ring);
    const unwatch = spawner.onChange(() => bell.ring());
    void keepHouse(deps, term.signal, options);
    try {
      let failures = 0;
      while (!term.signal.aborted) {
        try {
          const before = process.cpuUsage();
          const next = await pass();
          const took = process.cpuUsage(before);
          const ended = performance.now();
          failures = 0;
          await bell.wait(next, term.signal);
          await pause(restMs(took, performance.now() - ended), term.signal);
        } catch (error) {
          log.warn({ err: error }, 'pass failed');
          await pause(Math.min(options.backOffMs.first * 2 ** failures++, options.passMs), term.signal);
        }
      }
    } finally {
      unsubscribe();
      unwatch();
      for (const follower of followers.values()) follower.end();
      // What is under way may finish what it began, but not hold up the next leader or a shutdown.
      await Promise.race([Promise.allSettled(working.values()), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    }
  }

  return {
    /** Leads when it can, until the signal aborts. Resolves within two seconds of that. */
    run: (signal: AbortSignal) => lead({ lease, log }, term, signal, options),
  };
}

/** Its start takes a part of what a machine can start at once; one that waits for its image or for a node takes none. */
const isUnderWay = (server: Server) => (server.state === 'warming' || server.state === 'starting') && !isStuck(server);
const isStuck = (server: Server) => (server.state === 'warming' || server.state === 'starting') && (server.stage === 'image' || server.stage === 'room');

/** `warm`: those that can be handed over now. `standing`: with those that were not seen ready just now. */
type PoolNow = { warm: ServerRef[]; standing: number; warming: number; /** Of the stuck, those for the pool. */ lingering: number; stuck: number; claimedAt: Date[] };

/** Each profile's servers, in one look at all; those of a profile that is no more come last. */
function poolsOf(servers: readonly Server[], profiles: Profiles, ready: (server: Server) => boolean): Map<string, PoolNow> {
  const empty = (): PoolNow => ({ warm: [], standing: 0, warming: 0, lingering: 0, stuck: 0, claimedAt: [] });
  const pools = new Map(profiles.map(({ name }) => [name, empty()]));
  for (const server of servers) {
    const pool = pools.get(server.profile) ?? empty();
    pools.set(server.profile, pool);
    if (isStuck(server)) pool.stuck++;
    if (server.state === 'running') pool.claimedAt.push(server.claimedAt);
    if (server.desired !== 'run') continue;
    if (server.state === 'warming') pool[isStuck(server) ? 'lingering' : 'warming']++;
    if (server.state === 'warm') pool.standing++;
    if (server.state === 'warm' && ready(server)) pool.warm.push(server.ref);
  }
  return pools;
}

const sightedReady = (listed: Listed | undefined) => listed?.sighting.state === 'ready' && !listed.claimed;
