import { BrokenProtocol } from '../core/errors.ts';
import { activityOf } from '../core/servers/idle.ts';
import type { Access, Jupyter, ServerEvent } from '../core/servers/jupyter.ts';
import { makePace } from '../core/pace.ts';
import type { Activity, RunningServer } from '../core/servers/server.ts';
import type { ServerStore } from '../core/servers/store.ts';
import type { Snapshots } from '../core/workspaces/snapshot.ts';
import type { Term } from './lead.ts';
import type { Log } from './log.ts';
import { pause, within } from '../core/waiting.ts';

type Deps = { store: ServerStore; jupyter: Jupyter; snapshots: Snapshots; now: () => Date; log: Log; /** Turns at what costs much: a snapshot; and a call, since a new leader makes thousands at once. */ saving: Turn; calling: Turn; /** It answered as no server of ours does. */ broke(): void };
type Turn = <T>(work: () => Promise<T>) => Promise<T>;

export type FollowOptions = {
  /** Human input is written at most this often. */
  writeMs: number;
  /** How often the server is asked besides, in case an event was lost. */
  statusMs: number;
  /** Between the beginnings of two snapshots of one server. */
  snapshotGapMs: number;
};

const JUST_CLAIMED_MS = 3_000;
/** Until then whoever claimed it waits for their first output. The server keeps what there is to tell until somebody listens. */
const LEISURE_MS = 1_000;
/** Admins see memory in megabytes; less of a difference is not written. */
const WORTH_TELLING_BYTES = 16 << 20;
/** From busy to idle and back, and deaths of kernels, each a question to the server and a write: more than a person's runs make, and little of what all may cost. */
const TURNS = { perSecond: 4, burst: 60 };

export type Follower = {
  /** Asks the server itself and writes what is new, however little: something is about to be decided by it. */
  refresh(): Promise<void>;
  end(): void;
};

/**
 * Follows what happens in one running server: writes its activity, and keeps what code wrote at the end of each execution.
 * Events only make it look sooner; the server's own report is asked for regularly and before any decision to stop it.
 */
export function follow(server: RunningServer, findAccess: () => Promise<Access>, term: Term, { store, jupyter, snapshots, now, log, saving: savingTurn, calling, broke }: Deps, options: FollowOptions): Follower {
  const ending = new AbortController();
  const signal = AbortSignal.any([term.signal, ending.signal]);
  let activity: Activity = { ...server.activity };
  let written = server.activity.activeAt.getTime();
  let memory = 0;

  const pace = makePace(TURNS.perSecond, TURNS.burst);
  let found: Promise<Access> | undefined;
  const access = () =>
    (found ??= findAccess().catch((error: unknown) => {
      found = undefined;
      throw error;
    }));

  async function record(seen: { activeAt: Date; busy: boolean; memoryBytes?: number }, leastMs = options.writeMs): Promise<void> {
    const activeAt = new Date(Math.max(activity.activeAt.getTime(), seen.activeAt.getTime()));
    const busySince = seen.busy ? (activity.busySince ?? now()) : undefined;
    const turned = (busySince === undefined) !== (activity.busySince === undefined);
    activity = { ...activity, activeAt, busySince };
    const { memoryBytes = memory } = seen;
    if (!turned && activeAt.getTime() - written < leastMs && Math.abs(memoryBytes - memory) < WORTH_TELLING_BYTES) return;
    written = activeAt.getTime();
    memory = memoryBytes;
    await store.setActivity(server.ref, { activeAt, busySince, ...(memory > 0 && { memoryBytes: memory }) }, term.epoch);
  }

  async function refresh(leastMs?: number): Promise<void> {
    const status = await within(5_000, 'status', access().then((found) => jupyter.status(found)));
    // A server says what it likes.
    const memoryBytes = Number.isSafeInteger(status.memoryUsedBytes) ? status.memoryUsedBytes! : undefined;
    await record({ ...activityOf(status, now()), memoryBytes }, leastMs);
  }

  function failed(error: unknown, tell: () => void): void {
    if (!(error instanceof BrokenProtocol)) return tell();
    log.warn({ server: server.ref.id, how: error.message }, 'a server broke the protocol');
    ending.abort();
    broke();
  }

  let wanted = false;
  let saving: Promise<void> | undefined;
  /** Snapshots wanted while one is taken are one more, after it. */
  const save = () => {
    wanted = true;
    saving ??= (async () => {
      while (wanted && !signal.aborted) {
        wanted = false;
        const began = performance.now();
        await savingTurn(() => within(60_000, 'snapshot', access().then((found) => snapshots.take(found, server.workspace)))).catch((error: unknown) => failed(error, () => log.warn({ err: error, server: server.ref.id }, 'snapshot failed')));
        await pause(Math.max(0, options.snapshotGapMs - (performance.now() - began)), signal);
      }
      saving = undefined;
    })();
  };

  async function hear(event: ServerEvent): Promise<void> {
    switch (event.kind) {
      case 'busy':
        // The stream waits with it, and what is told meanwhile lies at the server.
        if (!activity.busySince) await pace(signal);
        return record({ activeAt: now(), busy: true });
      case 'input':
        return record({ activeAt: now(), busy: activity.busySince !== undefined });
      case 'executed':
        save();
        // What nobody was told of as lasting needs no question to the server, which has outputs to pass on just now.
        return activity.busySince ? refresh() : record({ activeAt: now(), busy: false });
      case 'kernel-died':
        await pace(signal);
        await record({ activeAt: now(), busy: activity.busySince !== undefined });
        await refresh();
    }
  }

  const attempt = (doing: string, work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      if (!signal.aborted) failed(error, () => log.debug({ err: error, server: server.ref.id }, doing));
    });

  const claimedMs = now().getTime() - server.claimedAt.getTime();
  // What was claimed just now has done nothing that its row does not say.
  let isKnown = claimedMs < JUST_CLAIMED_MS;
  void (async () => {
    await pause(Math.max(0, LEISURE_MS - claimedMs), signal);
    for (let backOff = 250; !signal.aborted; backOff = Math.min(backOff * 2, 10_000)) {
      await attempt(
        'events lost',
        (async () => {
          if (!isKnown) await calling(() => refresh());
          isKnown = false;
          for await (const event of jupyter.events(await access(), signal)) {
            backOff = 250;
            await attempt('event', hear(event));
          }
        })(),
      );
      await pause(backOff, signal);
    }
  })();
  void (async () => {
    while (!signal.aborted) {
      await pause(options.statusMs, signal);
      if (!signal.aborted) await attempt('status', calling(() => refresh()));
    }
  })();

  return { refresh: () => refresh(1), end: () => ending.abort() };
}
