import type { EndReason } from './reason.ts';
import type { Activity } from './server.ts';
import type { ServerStatus } from './jupyter.ts';

/** `warningMs`: between the warning and the stop. `busyMs`: how long a running cell counts without a person. */
export type IdleLimits = { idleMs: number; warningMs: number; busyMs: number; lifetimeMs: number };

export type IdleDecision = { do: 'nothing' } | { do: 'warn' } | { do: 'unwarn' } | { do: 'stop'; reason: Extract<EndReason, 'idle' | 'lifetime'> };

/**
 * Whether a running server has been idle, or has lived, for too long. Somebody's input, an execution, and "keep" are
 * activity; an open tab is not. Nobody is stopped who has not been warned for the whole warning time.
 */
export function decideIdle(server: { claimedAt: Date; activity: Activity }, now: Date, limits: IdleLimits): IdleDecision {
  const { activeAt, busySince, keptAt, warnedAt } = server.activity;
  const lastSign = Math.max(activeAt.getTime(), server.claimedAt.getTime(), keptAt?.getTime() ?? 0);
  const idleEnd = lastSign + (busySince ? Math.max(limits.idleMs, limits.busyMs) : limits.idleMs);
  const lifetimeEnd = server.claimedAt.getTime() + limits.lifetimeMs;
  const reason = idleEnd <= lifetimeEnd ? 'idle' : 'lifetime';
  const end = Math.min(idleEnd, lifetimeEnd);

  if (now.getTime() < end - limits.warningMs) return { do: warnedAt ? 'unwarn' : 'nothing' };
  if (!warnedAt) return { do: 'warn' };
  return now.getTime() >= Math.max(end, warnedAt.getTime() + limits.warningMs) ? { do: 'stop', reason } : { do: 'nothing' };
}

/**
 * What a server's own report says of its activity, on our clock. A kernel that waits for an `input()` does nothing by
 * itself, so it is not busy: if a person is there to answer, their input is activity enough.
 */
export function activityOf(status: ServerStatus, now: Date): { activeAt: Date; busy: boolean } {
  const busy = status.kernels.some(({ state, waitingForInput }) => state === 'busy' && !waitingForInput);
  // While a cell runs it is counted by `busySince`, which has a maximum; that it runs is no sign of a person.
  const last = busy ? status.lastInputMs : Math.max(status.lastInputMs, status.lastBusyMs);
  return { activeAt: new Date(now.getTime() - Math.max(0, status.nowMs - last)), busy };
}
