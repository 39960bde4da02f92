import type { Bus } from '../core/bus.ts';
import type { ServerId } from '../core/ids.ts';
import { decideIdle } from '../core/servers/idle.ts';
import { decide, idleLimits, type Action, type Seen } from '../core/servers/reconcile.ts';
import { profileNamed, type Profiles, type RunningServer, type Server, type ServerRef } from '../core/servers/server.ts';
import { NoRoom, type Listed } from '../core/servers/spawner.ts';
import type { History } from '../core/workspaces/thinning.ts';
import { Deposed, isMarked, makeAct, type ActDeps } from './act.ts';
import { follow, type FollowOptions, type Follower } from './follow.ts';
import { keepHouse, type HousekeepingOptions } from './housekeeping.ts';
import { lead, type Term } from './lead.ts';
import { restMs } from './rest.ts';
import { makeStaff, type StaffOptions } from './staff.ts';
import { makeSweep } from './sweep.ts';
import { makeBackOff, makeBell, makeTurnstile, pause, within } from '../core/waiting.ts';

export type ControllerOptions = FollowOptions & HousekeepingOptions & StaffOptions & {
  /** Between two passes when nothing rings, and while something starts. */
  passMs: number;
  startingPassMs: number;
  renewMs: number;
  standbyMs: number;
  /** How long a server no row knows is left alone: its row may be on its way back from a backup. */
  orphanGraceMs: number;
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
const absent: Seen = { sighting: { state: 'absent' }, claimed: false };
const keyOf = ({ ref }: { ref: { id: ServerId; generation: number } }) => `${ref.id}/${ref.generation}`;

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
    /** Those that answered as no server of ours does. */
    const broken = new Set<ServerId>();
    /** Whose work ended since the pass began: what the pass read of them may be older than that. */
    const settled = new Set<ServerId>();
    const stop = ({ id, generation, sighting }: Listed) =>
      void task(id, () => ending(() => effect(term, 'stop', () => spawner.stop({ id, generation }, sighting.instance)).then(() => true)));
    const staff = makeStaff({ store, lease, profiles, isWorking: (id) => working.has(id), start: (server) => perform(server, { do: 'start' }), quicken, ring: bell.ring }, options, term);
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
          if (error instanceof NoRoom) staff.noRoom();
          if (error instanceof NoRoom || error instanceof Deposed) return bell.ring();
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

    function broke(id: ServerId): void {
      if (broken.has(id)) return;
      broken.add(id);
      bell.ring();
    }

    function attend(servers: Server[]): void {
      const wanted = new Map(servers.flatMap((server) => (server.state === 'running' && server.markedAt ? [[server.ref.id, server] as const] : [])));
      for (const [id, follower] of followers) {
        if (wanted.has(id)) continue;
        follower.end();
        followers.delete(id);
      }
      for (const [id, server] of wanted) {
        if (!followers.has(id)) followers.set(id, follow(server, () => access(server.ref, server.address), term, { store, jupyter, snapshots, now: lease.now, log, saving, calling, broke: () => broke(id) }, options));
      }
    }

    async function pass(): Promise<number> {
      const began = performance.now();
      settled.clear();
      const servers = await store.live();
      const listed = await within(30_000, 'list', spawner.list(profiles));
      const seen = new Map(listed.map((one) => [keyOf({ ref: one }), one]));
      for (const server of servers) {
        const action = decide(server, { ...(seen.get(keyOf(server)) ?? absent), broke: broken.has(server.ref.id) }, lease.now(), profileNamed(profiles, server.profile), limits);
        if (action.do === 'nothing' || (action.do === 'mark' && isMarked(server) && working.size >= atLeisure)) continue;
        if (settled.has(server.ref.id)) bell.ring();
        else perform(server, action);
      }
      attend(servers);
      const fillMs = await staff.staff(servers, (server) => readyAs(seen.get(keyOf(server))));
      await sweep(listed, new Set(servers.map(keyOf)), working);
      for (const id of broken) if (!servers.some(({ ref, state }) => ref.id === id && state === 'running')) broken.delete(id);
      backOff.keepOnly(new Set(servers.map(({ ref }) => ref.id)));
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

/** Whether it can be handed over, and is what would be made now. */
const readyAs = (listed: Listed | undefined) => (listed?.sighting.state !== 'ready' || listed.claimed ? undefined : listed.outdated ? 'outdated' : 'current');
