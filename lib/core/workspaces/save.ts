import { createHash } from 'node:crypto';
import type { NotebookWork } from '../lessons/notebook-work.ts';
import { notebookLimits } from '../lessons/notebook.ts';
import { ok, refuse, RefusedError, type Outcome, type Refusal } from '../errors.ts';
import type { Sha256, WorkspaceId } from '../ids.ts';
import { PastLimit, type BlobStore, type Kept } from './blobs.ts';
import type { Budget } from './budget.ts';
import { isNotebook } from './path.ts';
import { roomFor } from './room.ts';
import { megabytes } from './size.ts';
import type { WorkspaceStore, WriteOutcome } from './store.ts';

/**
 * @param declared length and hash the sender said it would send, where it did
 * @param limitBytes the most one file may have
 */
export type Upload = { bytes: AsyncIterable<Uint8Array>; declared: { length?: number; sha256?: Sha256 } };

type Deps = { workspaces: Pick<WorkspaceStore, 'find' | 'file' | 'write' | 'editor'>; blobs: Pick<BlobStore, 'put' | 'unput'>; notebooks: Pick<NotebookWork, 'checked'>; budget: Pick<Budget, 'of'>; /** Of all files together. */ limitBytes: number; fileLimitBytes: number };

const cutShort: Refusal = { code: 'invalid', say: 'The file did not arrive whole. Nothing was changed.' };

/**
 * A save by the lesson page (or an upload by the site). Nothing is written before the whole body is here and is what the
 * sender declared; what is answered with a revision is committed.
 */
export async function save({ workspaces, blobs, notebooks, budget, limitBytes: allBytes, fileLimitBytes }: Deps, workspace: WorkspaceId, path: string, upload: Upload, ifRevision: number | 'any'): Promise<Outcome<{ revision: number }>> {
  const notebook = isNotebook(path);
  const limitBytes = notebook ? Math.min(notebookLimits.bytes, fileLimitBytes) : fileLimitBytes;
  const tooLarge: Refusal = { code: 'too_large', say: `A ${notebook ? 'notebook' : 'file'} here may have ${megabytes(limitBytes)} at most.`, limitBytes };
  if ((upload.declared.length ?? 0) > limitBytes) return refuse(tooLarge);
  if (notebook && (await workspaces.editor(workspace, path)) === 'lab') return refuse({ code: 'locked', say: 'JupyterLab is editing this notebook. Come back to the page first.' });

  // Bytes there is no room for are not taken: the database would hold them for a while though the save is refused.
  const room = await roomFor(workspaces, workspace, path, allBytes);
  const full = () => answer({ state: 'quota', usedBytes: room.usedBytes, limitBytes: allBytes });
  if ((upload.declared.length ?? 0) > room.bytes) return full();

  // Of another revision than the newest: only the same bytes once more pass, which nobody has to keep to see.
  const current = room.file;
  const stale = ifRevision !== 'any' && ifRevision !== (current?.revision ?? 0);
  const keep: BlobStore['put'] = stale ? (bytes) => hashed(bytes) : (bytes, most) => blobs.put(bytes, most, room.person && budget.of(room.person));

  let content: Kept;
  try {
    const limited = within(upload, limitBytes);
    content = await keep(notebook ? notebooks.checked(limited, workspace) : limited, room.bytes);
  } catch (error) {
    if (error instanceof RefusedError) return refuse(error.refusal);
    if (error instanceof PastLimit) return full();
    if (error instanceof TooLarge) return refuse(tooLarge);
    if (error instanceof CutShort) return refuse(cutShort);
    throw error;
  }
  if (upload.declared.sha256 && upload.declared.sha256 !== content.sha256) {
    await blobs.unput(content);
    return refuse(cutShort);
  }
  if (stale) return answer(current?.kind === 'file' && current.sha256 === content.sha256 ? { state: 'unchanged', revision: current.revision } : { state: 'stale', current });
  const written = await workspaces.write(workspace, { path, content, ifRevision, origin: 'page' });
  if (!('revision' in written)) await blobs.unput(content);
  return answer(written);
}

/** What a writer is told of a write. */
export function answer(outcome: WriteOutcome): Outcome<{ revision: number }> {
  switch (outcome.state) {
    case 'written':
    case 'unchanged':
      return ok({ revision: outcome.revision });
    case 'stale':
      return refuse({ code: 'stale', say: 'This file was changed elsewhere since you opened it here.', revision: outcome.current?.revision ?? 0 });
    case 'quota': {
      const { usedBytes, limitBytes } = outcome;
      return refuse({ code: 'quota', say: `Your files in this course are full: ${megabytes(usedBytes)} of ${megabytes(limitBytes)} are used. Delete some to save more.`, usedBytes, limitBytes });
    }
    case 'history': {
      const { usedBytes, limitBytes } = outcome;
      return refuse({ code: 'quota', say: `This was not saved: with the earlier versions of your files in this course it would have ${megabytes(usedBytes)}, and ${megabytes(limitBytes)} are kept. Files you deleted make room after a day.`, usedBytes, limitBytes });
    }
    case 'files':
      return refuse({ code: 'invalid', say: `You have ${outcome.most.toLocaleString('en')} files and folders in this course, which is as many as are kept. Delete some to save more.` });
    case 'blocked':
      return refuse({ code: 'invalid', say: `“${outcome.by}” stands in the way of that name.` });
  }
}

async function hashed(bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<{ sha256: Sha256; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest('hex') as Sha256, size };
}

class TooLarge extends Error {}
class CutShort extends Error {}

async function* within({ bytes, declared }: Upload, limitBytes: number): AsyncGenerator<Uint8Array> {
  let length = 0;
  try {
    for await (const piece of bytes) {
      length += piece.length;
      if (length > limitBytes) throw new TooLarge();
      yield piece;
    }
  } catch (error) {
    if (error instanceof TooLarge) throw error;
    throw new CutShort('the sender stopped', { cause: error });
  }
  if (declared.length !== undefined && length !== declared.length) throw new CutShort();
}
