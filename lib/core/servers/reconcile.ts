import { decideIdle, type IdleLimits } from './idle.ts';
import type { EndReason } from './reason.ts';
import type { Address, Profile, Server, Stage } from './server.ts';
import type { Sighting } from './spawner.ts';

/** What the spawner shows of a server: what it is, and whether it carries the one-way mark of having been somebody's, for good (see Listed); and whether it answered as no server of ours does. */
export type Seen = { sighting: Sighting; claimed: boolean; markAgain?: boolean; broke?: boolean };

/** `saveMs`: how long the last snapshot is tried for before a server is removed without it. */
export type Limits = { warningMs: number; busyMs: number; startAttempts: number; retryMs: number; saveMs: number };

/** The one next step that brings a server closer to what its row says. Each may be done twice. */
export type Action =
  | { do: 'nothing' }
  /** Ask the spawner for it. */
  | { do: 'start' }
  | { do: 'stage'; stage: Stage }
  /** It says it is ready: let it prove who it is, mark it as its owner's unless it is marked, then write that it is. */
  | { do: 'accept'; address: Address; instance: string; marked: boolean }
  | { do: 'mark' }
  | { do: 'warn' | 'unwarn' }
  /** Begin its end: from here on nobody enters it. */
  | { do: 'end'; reason: EndReason }
  /** Remove the instance that was seen, if any, then write that it has ended. With `save`, first keep what lies on its disk; where that fails it stays for another try, unless this one `isLast`. */
  | { do: 'remove'; reason: EndReason; instance?: string; save?: { address: Address; isLast: boolean } }
  /** Remove what is left of a failed start, then put it back into the queue. */
  | { do: 'retry'; attempts: number; retryAt: Date; instance?: string };

const nothing: Action = { do: 'nothing' };

/** Level-triggered: only what is true now counts, never which events led to it. */
export function decide(server: Server, { sighting, claimed, markAgain, broke }: Seen, now: Date, profile: Profile, limits: Limits): Action {
  switch (server.state) {
    case 'warming':
    case 'starting': {
      if (server.desired === 'stop') return { do: 'end', reason: server.why ?? 'requested' };
      // A restored database may believe that this server was never anybody's.
      if (server.state === 'warming' && claimed) return { do: 'end', reason: 'mistaken' };
      if (now.getTime() - server.since.getTime() > profile.startDeadlineMs) return { do: 'end', reason: whyLate(sighting) };
      if (sighting.state === 'absent') return { do: 'start' };
      if (sighting.state === 'ended') return afterFailedStart(server, sighting.reason, sighting, now, limits);
      if (sighting.state === 'ready') return { do: 'accept', address: sighting.address, instance: sighting.instance, marked: claimed };
      return sighting.stage === server.stage ? nothing : { do: 'stage', stage: sighting.stage };
    }
    case 'warm': {
      if (server.desired === 'stop') return { do: 'end', reason: server.why ?? 'surplus' };
      if (claimed) return { do: 'end', reason: 'mistaken' };
      if (now.getTime() - server.since.getTime() > profile.lifetimeMs) return { do: 'end', reason: 'surplus' };
      return unlessGone(server.instance, sighting);
    }
    case 'requested':
      return server.desired === 'stop' ? { do: 'remove', reason: server.why ?? 'requested', ...instanceOf(sighting) } : nothing;
    case 'running': {
      if (server.desired === 'stop') return { do: 'end', reason: server.why ?? 'requested' };
      const gone = unlessGone(server.instance, sighting);
      if (gone.do !== 'nothing') return gone;
      if (broke) return { do: 'end', reason: 'protocol' };
      if (!server.markedAt || markAgain) return { do: 'mark' };
      const idle = decideIdle(server, now, idleLimits(profile, limits));
      return idle.do === 'stop' ? { do: 'end', reason: idle.reason } : idle;
    }
    case 'stopping': {
      // Also after the deadline: no controller may have been there to try before.
      // And of what answers as it likes, or not at all, one try is enough.
      const isLast = server.reason === 'protocol' || server.reason === 'hung' || now.getTime() - server.since.getTime() > limits.saveMs;
      const save = sighting.state === 'ready' && server.workspace && server.reason !== 'mistaken' ? { save: { address: sighting.address, isLast } } : {};
      return { do: 'remove', reason: server.reason, ...instanceOf(sighting), ...save };
    }
    case 'stopped':
    case 'failed':
      return sighting.state === 'absent' ? nothing : { do: 'remove', reason: server.reason, ...instanceOf(sighting) };
  }
}

/** What a start waited for in vain until its deadline, where the spawner says it: both can mend themselves, so they are no end before it. */
const whyLate = (sighting: Sighting): EndReason =>
  sighting.state === 'pending' && (sighting.stage === 'room' || sighting.stage === 'image') ? sighting.stage : 'deadline';

/** A start that threw or died: again a few times for a learner who waits, later each time; a server for the pool is simply made anew. */
export function afterFailedStart(server: Extract<Server, { state: 'warming' | 'starting' }>, reason: EndReason, left: Sighting, now: Date, limits: Limits): Action {
  const attempts = server.attempts + 1;
  if (server.state === 'warming' || attempts >= limits.startAttempts) return { do: 'end', reason };
  return { do: 'retry', attempts, retryAt: new Date(now.getTime() + limits.retryMs * 2 ** server.attempts), ...instanceOf(left) };
}

/** Which of the two ends a reason is: what somebody or a rule wanted, or what went wrong. */
export function endStateOf(reason: EndReason): 'stopped' | 'failed' {
  switch (reason) {
    case 'idle':
    case 'lifetime':
    case 'requested':
    case 'admin':
    case 'access':
    case 'surplus':
      return 'stopped';
    case 'memory':
    case 'processes':
    case 'crashed':
    case 'lost':
    case 'evicted':
    case 'disk':
    case 'room':
    case 'image':
    case 'protocol':
    case 'hung':
    case 'deadline':
    case 'start':
    case 'mistaken':
      return 'failed';
  }
}

export const idleLimits = (profile: Profile, { warningMs, busyMs }: Limits): IdleLimits => ({ idleMs: profile.idleMs, lifetimeMs: profile.lifetimeMs, warningMs, busyMs });

const instanceOf = (sighting: Sighting) => (sighting.state === 'absent' ? {} : { instance: sighting.instance });

function unlessGone(instance: string, sighting: Sighting): Action {
  if (sighting.state === 'absent') return { do: 'end', reason: 'lost' };
  if (sighting.state === 'ended') return { do: 'end', reason: sighting.reason };
  // Something else stands where this server stood: what our row says of it is no longer true.
  return sighting.instance === instance ? nothing : { do: 'end', reason: 'lost' };
}
