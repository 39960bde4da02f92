/** What all revisions of a workspace may name together, in times of what its files may have. Each hash counts once. */
export const HISTORY_TIMES = 4;

/** Live files and folders of a workspace. As many as a listing may have (lib/adapters/jupyter). */
export const MOST_FILES = 20_000;

/** Thinned down to here, so that the next save does not count everything once more. */
const ENOUGH = 0.9;

/** `spared`: what a live file is now, what was deleted only just, what came with a lesson. */
export type Named = { file: string; revision: number; sha256: string; size: number; createdAt: Date; spared: boolean };

/**
 * Which revisions go so that `incoming` finds room below the limit, the oldest first. A hash counts once, as it lies on the
 * disk once; its bytes come back with the last revision that names it.
 * @returns what is named afterwards, `incoming` included; above the limit nothing goes, since that would not help
 */
export function makeRoom(named: Named[], incoming: { sha256: string; size: number }, limitBytes: number): { drop: Named[]; bytes: number } {
  const times = new Map<string, number>([[incoming.sha256, 1]]);
  let bytes = incoming.size;
  for (const { sha256, size } of named) {
    const before = times.get(sha256) ?? 0;
    if (before === 0) bytes += size;
    times.set(sha256, before + 1);
  }
  if (bytes <= limitBytes) return { drop: [], bytes };
  const whole = bytes;
  const drop: Named[] = [];
  for (const one of named.filter(({ spared }) => !spared).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || a.revision - b.revision)) {
    if (bytes <= limitBytes * ENOUGH) break;
    const left = times.get(one.sha256)! - 1;
    times.set(one.sha256, left);
    if (left === 0) bytes -= one.size;
    drop.push(one);
  }
  return bytes > limitBytes ? { drop: [], bytes: whole } : { drop, bytes };
}
