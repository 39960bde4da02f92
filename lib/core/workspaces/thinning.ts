type Kept = { revision: number; createdAt: Date; origin: string };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How old a revision must be for only one in each such span to stay. The first hour is kept whole. */
const STEPS = [
  { olderThan: 30 * DAY, oneIn: 7 * DAY },
  { olderThan: DAY, oneIn: DAY },
  { olderThan: HOUR, oneIn: HOUR / 6 },
];

/**
 * Which revisions of one file may go: of each span of time the last one stays, and always the newest, what came with the
 * lesson and what somebody restored. Thinning again later takes no more than thinning once would have.
 */
export function revisionsToDrop(revisions: Kept[], now: Date): number[] {
  const newest = Math.max(...revisions.map(({ revision }) => revision));
  const filled = new Set<string>();
  return [...revisions]
    .sort((a, b) => b.revision - a.revision)
    .filter(({ revision, createdAt, origin }) => {
      const at = createdAt.getTime();
      const step = STEPS.find(({ olderThan }) => now.getTime() - at > olderThan);
      if (!step || origin === 'lesson' || origin === 'restore') return false;
      const span = `${step.oneIn}:${Math.floor(at / step.oneIn)}`;
      const dropped = filled.has(span) && revision !== newest;
      filled.add(span);
      return dropped;
    })
    .map(({ revision }) => revision);
}

/** Keeps the past from growing for ever. Each may be called again at any time, by any program. */
export interface History {
  /** Thins the revisions of every file, by `revisionsToDrop`. @returns how many went */
  thin(now: Date): Promise<number>;
  /** Removes blobs that nothing names and nobody put for an hour. @returns how many went */
  sweepBlobs(): Promise<number>;
}
