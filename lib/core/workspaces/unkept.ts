/** A file on a server's disk that snapshots cannot keep: it goes with the server unless its owner does something. */
export type Unkept = { path: string; why: 'size' | 'quota' | 'name' | 'hour' | 'disk' };

/** What its owner is told, after the file's name. */
export const sayUnkept = {
  size: 'is larger than a file may be here.',
  quota: 'finds no room left among your files of this course.',
  hour: 'has to wait: much was added here within the last hour. It is kept once that is over, if the server is still there.',
  disk: 'has to wait: the site is short of disk space. It is kept once there is room, if the server is still there.',
  name: 'has a name that cannot be kept here, or that something else has.',
} as const satisfies Record<Unkept['why'], string>;

/** So many are told; whoever has more has the same to do. */
export const UNKEPT_TOLD = 50;

/** One of them, in the operator's words. `why` may be how it failed. */
type Left = { path: string; why: string };

/** What the operator's log has of one snapshot: a stranger chose the names, and how many there are. */
export type UnkeptSummary = { count: number; why: Record<string, number>; some: Left[] };

/** So many are named, and so many characters of each: one line of about 2 kB. */
const NAMED = 5;
const SHOWN = 100;

/** Control characters as well as those that turn the direction of writing: they are for no terminal. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const cut = (text: string) => text.slice(0, SHOWN).replace(UNSEEN, '\ufffd');

/** Counted, cut and summed: as long for 20,000 files as for five. */
export function summary(left: readonly Left[]): UnkeptSummary {
  const why: Record<string, number> = {};
  for (const one of left) {
    const known = one.why in sayUnkept ? one.why : 'failed';
    why[known] = (why[known] ?? 0) + 1;
  }
  return { count: left.length, why, some: left.slice(0, NAMED).map((one) => ({ path: cut(one.path), why: cut(one.why) })) };
}
