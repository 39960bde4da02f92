import type { CourseId } from '../ids.ts';
import type { ServerRef } from './server.ts';

/** A requested server nobody has begun to start. `retryAt`: not before, after a start that failed. */
export type Waiting = { ref: ServerRef; profile: string; course: CourseId; createdAt: Date; retryAt?: Date };

/** When each course last had a server let start, as far as it is remembered. */
export type LastServed = ReadonlyMap<CourseId, Date>;

/**
 * Who comes first: courses in turn, the longest unserved first, and within a course whoever asked first. A class of a
 * hundred that opens its lesson at nine delays the next course's only learner by one place.
 */
export function admissionOrder(waiting: readonly Waiting[], lastServed: LastServed): Waiting[] {
  const byCourse = new Map<CourseId, Waiting[]>();
  for (const one of [...waiting].sort(olderFirst)) {
    const line = byCourse.get(one.course);
    if (line) line.push(one);
    else byCourse.set(one.course, [one]);
  }
  const served = (course: CourseId) => lastServed.get(course)?.getTime() ?? -Infinity;
  const courses = [...byCourse].sort(([a, inA], [b, inB]) => (served(a) === served(b) ? olderFirst(inA[0]!, inB[0]!) : served(a) - served(b)));
  const rounds = Math.max(0, ...courses.map(([, line]) => line.length));
  return Array.from({ length: rounds }, (_, round) => courses.flatMap(([, line]) => line[round] ?? [])).flat();
}

const olderFirst = (a: Waiting, b: Waiting) => a.createdAt.getTime() - b.createdAt.getTime() || a.ref.generation - b.ref.generation;

/** What is known of how fast servers become ready: since the queue formed, and in general. */
export type Pace = { queueAgeMs: number; readySinceQueued: number; usualStartMs?: number };

/** Milliseconds until the given place has its server; none when nothing is known yet. */
export function estimate(place: number, { queueAgeMs, readySinceQueued, usualStartMs }: Pace): number | undefined {
  if (readySinceQueued > 0) return Math.round((place * queueAgeMs) / readySinceQueued);
  // Where nobody has got one meanwhile, it takes longer than usual: as long again, at least.
  return usualStartMs === undefined ? undefined : Math.round(Math.max(place * usualStartMs, queueAgeMs));
}

/** What one profile has to give. */
export type ProfileRoom = {
  /** Servers that stand ready, owned by nobody. */
  warm: readonly ServerRef[];
  /** Servers on their way into the pool; the queue's heads wait for these, as they have a start already made. Not the stuck: whoever waited for those would not learn why. */
  warming: number;
  /** Its starts that wait for their image or for a node: they hold up no other profile's. */
  stuck: number;
};

export type Room = {
  /** Servers that may still be made: the machine's maximum less those it has. */
  free: number;
  /** Starts that may run at once: more would make each slower. */
  startsAtOnce: number;
  /** Starts that run now, without the stuck. */
  starting: number;
  /** By name. */
  profiles: ReadonlyMap<string, ProfileRoom>;
};

/** `held`: how many wait for room or pace alone. `lacking`: for how many of them there is no room, whatever the pace. */
export type Admission = { handOver: { to: ServerRef; warm: ServerRef }[]; start: ServerRef[]; held: number; lacking: number };

const nothing: ProfileRoom = { warm: [], warming: 0, stuck: 0 };

/**
 * Whom to serve now. Ready servers go to the heads of the queue, the next ones wait for servers of their profile that are being
 * warmed, and the rest start cold as far as room and pace allow.
 */
export function admit(waiting: readonly Waiting[], lastServed: LastServed, room: Room, now: Date): Admission {
  const admission: Admission = { handOver: [], start: [], held: 0, lacking: 0 };
  const taken = new Map<string, number>();
  const pace = room.startsAtOnce - room.starting;
  for (const { ref, profile, retryAt } of admissionOrder(waiting, lastServed)) {
    if (retryAt && retryAt > now) continue;
    const { warm, warming, stuck } = room.profiles.get(profile) ?? nothing;
    const place = taken.get(profile) ?? 0;
    taken.set(profile, place + 1);
    if (place < warm.length) admission.handOver.push({ to: ref, warm: warm[place]! });
    else if (place < warm.length + warming) continue;
    else if (admission.start.length >= Math.min(room.free, pace)) admission.held++;
    else if (admission.start.length < pace - stuck) admission.start.push(ref);
  }
  admission.lacking = Math.max(0, admission.held + admission.start.length - Math.max(0, room.free));
  return admission;
}
