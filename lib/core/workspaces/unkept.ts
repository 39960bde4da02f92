/** A file on a server's disk that snapshots cannot keep: it goes with the server unless its owner does something. */
export type Unkept = { path: string; why: 'size' | 'quota' | 'name' };

/** What its owner is told, after the file's name. */
export const sayUnkept = {
  size: 'is larger than a file may be here.',
  quota: 'finds no room left among your files of this course.',
  name: 'has a name that cannot be kept here, or that something else has.',
} as const satisfies Record<Unkept['why'], string>;

/** So many are told; whoever has more has the same to do. */
export const UNKEPT_TOLD = 50;
