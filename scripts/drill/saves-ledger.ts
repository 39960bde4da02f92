import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { parseNotebook, type Notebook } from '../../lib/core/lessons/notebook.ts';
import type { Sha256, WorkspaceId } from '../../lib/core/ids.ts';
import type { Hub } from '../../lib/hub.ts';

export type Way = 'page' | 'lab';

/** A save whose writer was told that it is kept. JupyterLab is told no revision, and Jupyter writes the bytes in its own way. */
export type Acknowledged = { workspace: WorkspaceId; path: string; way: Way; marker: string; revision?: number; sha256?: string };

/** Each editor writes in a cell of its own, so that both may be put together. */
export const cellOf = (way: Way) => `drill-${way}`;

/** What stands last in that editor's cell. */
export const markerIn = ({ cells }: Pick<Notebook, 'cells'>, way: Way): string | undefined => cells.find(({ id }) => id === cellOf(way))?.source;

/** Every acknowledged save, on disk too before anything else is done: whoever reads it later finds what the learner was told. */
export function makeLedger(file?: string) {
  const acknowledged: Acknowledged[] = [];
  return {
    acknowledged,
    note(save: Acknowledged) {
      acknowledged.push(save);
      if (file) appendFileSync(file, `${JSON.stringify(save)}\n`);
    },
  };
}

export type Missing = Acknowledged & { why: string };

/** Looks in the database for each acknowledged save: as a revision with these bytes, and the last of each editor in the newest. */
export async function findMissing({ workspaces, blobs }: Pick<Hub, 'workspaces' | 'blobs'>, acknowledged: Acknowledged[]): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const saves of Map.groupBy(acknowledged, ({ workspace, path }) => `${workspace}/${path}`).values()) {
    const { workspace, path } = saves[0]!;
    const kept = new Map<number, { sha256: string; notebook?: Notebook }>();
    for (const { revision, sha256 } of await workspaces.revisions(workspace, path)) if (sha256) kept.set(revision, { sha256, notebook: await readBlob(blobs, sha256) });
    const newest = kept.get((await workspaces.file(workspace, path))?.revision ?? 0);
    const last = new Map(saves.map((save) => [save.way, save.marker]));
    for (const save of saves) {
      const found = save.revision === undefined ? [...kept.values()].find(({ notebook }) => notebook && markerIn(notebook, save.way) === save.marker) : kept.get(save.revision);
      if (!found) missing.push({ ...save, why: 'no revision has it' });
      else if (!found.notebook) missing.push({ ...save, why: 'its bytes are not there whole' });
      else if (save.sha256 !== undefined && found.sha256 !== save.sha256) missing.push({ ...save, why: 'its revision has other bytes' });
      else if (last.get(save.way) === save.marker && (!newest?.notebook || markerIn(newest.notebook, save.way) !== save.marker)) missing.push({ ...save, why: 'the newest revision has not what was saved last' });
    }
  }
  return missing;
}

/** Undefined where the bytes are not those of the hash. */
async function readBlob(blobs: Hub['blobs'], sha256: Sha256): Promise<Notebook | undefined> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await blobs.get(sha256))?.bytes ?? []) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) return undefined;
  const parsed = parseNotebook(bytes.toString());
  return parsed.ok ? parsed.value : undefined;
}
