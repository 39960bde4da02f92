/** What the page says of the learner's work. */
export type SaveState =
  | { state: 'saved' }
  | { state: 'unsaved' }
  | { state: 'saving' }
  /** The notebook itself has not arrived: until it has, what was changed is in this page alone. */
  | { state: 'unread' }
  /** The site cannot be reached, or has given the notebook to JupyterLab: the work is in this browser until it takes it. */
  | { state: 'offline'; tries: number; locked?: boolean }
  | { state: 'conflict'; theirs: number }
  /** The site will not take it, e.g. for lack of room. It is in this browser. */
  | { state: 'refused'; say: string };

export const quietMs = 2_000;
export const longestUnsavedMs = 10_000;

/** When the next save is due: two seconds after the last change, and never more than ten after the first one not yet saved. */
export const saveDueAt = (firstChangeMs: number, lastChangeMs: number): number => Math.min(lastChangeMs + quietMs, firstChangeMs + longestUnsavedMs);

/** How long to wait before trying again after so many failures. */
export const retryMs = (tries: number): number => Math.min(30_000, 1_000 * 2 ** Math.min(tries, 5));

const saveTexts = {
  saved: 'Saved',
  unsaved: 'Not saved yet',
  saving: 'Saving',
  unread: 'Not saved: the site cannot be reached',
  offline: 'Offline: kept in this browser',
  conflict: 'Changed elsewhere: choose a version',
  refused: 'Not saved: kept in this browser',
} as const satisfies Record<SaveState['state'], string>;

export const saveText = (save: SaveState): string => (save.state === 'offline' && save.locked ? 'Open in JupyterLab: kept in this browser' : saveTexts[save.state]);

/** Work that is kept in this browser. `lesson` is the lesson's id, a space and the id of the page that kept it. */
export type Draft = { user: string; lesson: string; baseRevision: number; text: string; at: number };
