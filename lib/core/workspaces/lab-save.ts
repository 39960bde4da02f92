import { diskIsFull, isDiskFull } from '../disk.ts';
import { UpstreamError, ok, refuse, type Outcome, type Refusal } from '../errors.ts';
import type { WorkspaceId } from '../ids.ts';
import { LargerThanAsked, type Access, type Jupyter } from '../servers/jupyter.ts';
import { Withheld, type BlobStore } from './blobs.ts';
import type { Budget } from './budget.ts';
import { isNotebook } from './path.ts';
import { roomFor } from './room.ts';
import { answer } from './save.ts';
import type { WorkspaceFile, WorkspaceStore } from './store.ts';

/** A workspace and the server on whose disk JupyterLab works. */
export type Place = { workspace: WorkspaceId; access: Access };

/**
 * What Jupyter made of a request that was let through to it: `done`; `partial` for a chunk of an upload that goes on;
 * `failed` when it refused, and changed nothing.
 */
export type Acted = { state: 'done'; kind?: 'file' | 'directory' } | { state: 'partial' } | { state: 'failed' };

type Deps = {
  workspaces: Pick<WorkspaceStore, 'find' | 'file' | 'files' | 'write' | 'remove' | 'rename' | 'manifest' | 'setManifest' | 'dropManifest' | 'editor' | 'setEditor' | 'serialised'>;
  blobs: BlobStore;
  budget: Pick<Budget, 'of'>;
  jupyter: Pick<Jupyter, 'read' | 'putBack' | 'remove'>;
  /** What one learner may keep per course. */
  limitBytes: number;
  onError?: (error: unknown, doing: string) => void;
};

const away: Refusal = { code: 'unavailable', say: 'This was not saved: Lectern cannot store it just now. Keep this tab open and save again in a moment.' };
const gone: Refusal = { code: 'unavailable', say: 'This was not saved: your notebook server went away. Keep this tab open; it is saved again when the server is back.' };
const onPage: Refusal = { code: 'locked', say: 'This notebook is being edited on its lesson page. Open the lesson and choose “Open in JupyterLab” to edit it here.' };

/**
 * What JupyterLab does to files, made durable before JupyterLab hears that it is done. Jupyter itself does the work on its
 * disk (`act`); afterwards the disk's bytes are what is committed, so that what is stored is what is there. When it cannot
 * be committed the disk gets back what the database has. Work on one file is serialised with everybody else's.
 */
export function makeLabSave({ workspaces, blobs, budget, jupyter, limitBytes, onError }: Deps) {
  /** A lesson's notebook belongs to its page until somebody opened it in JupyterLab; other files have no page. */
  async function isOnPage(workspace: WorkspaceId, path: string): Promise<boolean> {
    if (!isNotebook(path) || (await workspaces.editor(workspace, path)) === 'lab') return false;
    const file = await workspaces.file(workspace, path);
    return file?.kind === 'file' && file.lessonVersionId !== undefined;
  }

  async function commit({ workspace, access }: Place, path: string, kind: 'file' | 'directory'): Promise<Outcome<{ revision: number }>> {
    const content = kind === 'file' ? await keep(workspace, access, path) : undefined;
    if (content === 'absent') return refuse({ code: 'unavailable', say: 'This was not saved: the file was gone before it could be stored.' });
    if (content && 'state' in content) return answer(content);
    const written = answer(await workspaces.write(workspace, { path, content, ifRevision: 'any', origin: 'lab' }));
    if (!written.ok && content) await blobs.unput(content);
    if (written.ok) await workspaces.setManifest(access.ref.id, [{ path, revision: written.value.revision, sha256: content?.sha256 }]);
    return written;
  }

  /** The bytes on the disk, kept as far as there is room for them, which is asked before the first of them. */
  async function keep(workspace: WorkspaceId, access: Access, path: string) {
    const room = await roomFor(workspaces, workspace, path, limitBytes);
    try {
      const found = await jupyter.read(access, path, room.bytes);
      return found ? await blobs.put(found.bytes, room.bytes, room.person && budget.of(room.person)) : 'absent';
    } catch (error) {
      if (error instanceof LargerThanAsked) return { state: 'quota', usedBytes: room.usedBytes, limitBytes } as const;
      throw error;
    }
  }

  /** Puts on the disk what the database has of the path. */
  async function restore({ workspace, access }: Place, path: string): Promise<void> {
    try {
      const file = await workspaces.file(workspace, path);
      if (file?.kind === 'directory') return;
      if (!file) return await jupyter.remove(access, [path]);
      const blob = await blobs.get(file.sha256);
      if (!blob) throw new Error(`blob ${file.sha256} is missing`);
      await jupyter.putBack(access, (async function* () {
        yield { path, size: blob.size, bytes: blob.bytes };
      })());
    } catch (error) {
      // The manifest still says what was there before, so the next snapshot sees the difference and keeps it.
      onError?.(error, 'restore a file that was not saved');
    }
  }

  /** What went wrong outside becomes an answer JupyterLab can show; the disk is put right where it may have changed. */
  async function guarded<T>(doing: string, work: () => Promise<Outcome<T>>, mend: () => Promise<void>): Promise<Outcome<T>> {
    try {
      const outcome = await work();
      if (!outcome.ok) await mend();
      return outcome;
    } catch (error) {
      if (!(error instanceof Withheld)) onError?.(error, doing);
      await mend();
      if (error instanceof Withheld) return refuse(error.refusal);
      return refuse(isDiskFull(error) ? diskIsFull : error instanceof UpstreamError && error.system === 'jupyter' ? gone : away);
    }
  }

  const locked = <T>(workspace: WorkspaceId, paths: string[], work: () => Promise<Outcome<T>>) =>
    guarded('lock a file', () => workspaces.serialised(workspace, paths, work), async () => undefined);

  return {
    /** A file or folder is written, or put back from a checkpoint. */
    save: (place: Place, path: string, act: () => Promise<Acted>): Promise<Outcome<Acted>> =>
      locked<Acted>(place.workspace, [path], async () => {
        if (await isOnPage(place.workspace, path)) return refuse(onPage);
        const acted = await act();
        if (acted.state !== 'done') return ok(acted);
        const saved = await guarded('commit a save', () => commit(place, path, acted.kind ?? 'file'), () => restore(place, path));
        return saved.ok ? ok(acted) : saved;
      }),

    /** A file or folder was just made under a name that Jupyter chose: a new one, a copy, a checkpoint. */
    made: (place: Place, path: string, kind: 'file' | 'directory'): Promise<Outcome<{ revision: number }>> =>
      locked(place.workspace, [path], () => guarded('commit a new file', () => commit(place, path, kind), () => restore(place, path))),

    /** Committed first: a move the database has and the disk has not is repaired, the other way round it would be undone. */
    rename: (place: Place, from: string, to: string, act: () => Promise<Acted>): Promise<Outcome<Acted>> =>
      locked(place.workspace, [from, to], async () => {
        const { workspace } = place;
        if (await isOnPage(workspace, from)) return refuse(onPage);
        const moved = await workspaces.rename(workspace, from, to);
        if (moved === 'exists') return refuse({ code: 'stale', say: `There already is something named “${to}”.`, revision: 0 });
        const back = async () => {
          if (moved === 'renamed') await workspaces.rename(workspace, to, from);
        };
        const renamed = await guarded('rename a file', async () => {
          const acted = await act();
          if (acted.state === 'failed') await back();
          return ok(acted);
        }, back);
        if (!renamed.ok || renamed.value.state === 'failed') return renamed;
        if (moved === 'renamed') await follow(place, from, to);
        // Code made it and no snapshot has seen it yet.
        else if (renamed.value.state === 'done' && renamed.value.kind !== 'directory') await commit(place, to, 'file');
        return renamed;
      }),

    /** Committed first; what was deleted by mistake stays in the file's revisions. */
    remove: (place: Place, path: string, act: () => Promise<Acted>): Promise<Outcome<Acted>> =>
      locked(place.workspace, [path], async () => {
        const { workspace, access } = place;
        const lost = below(await workspaces.files(workspace), path);
        await workspaces.remove(workspace, path);
        const back = async () => {
          for (const file of lost) {
            const content = file.kind === 'file' ? { sha256: file.sha256, size: file.size } : undefined;
            await workspaces.write(workspace, { path: file.path, content, ifRevision: 'any', origin: 'restore' });
          }
        };
        const removed = await guarded('remove a file', async () => {
          const acted = await act();
          if (acted.state === 'failed') await back();
          return ok(acted);
        }, back);
        if (removed.ok && removed.value.state === 'done') await workspaces.dropManifest(access.ref.id, lost.map((file) => file.path));
        return removed;
      }),
  };

  /** The manifest, and who edits a notebook, under the new names. */
  async function follow({ workspace, access }: Place, from: string, to: string) {
    const renamed = (path: string) => `${to}${path.slice(from.length)}`;
    const known = below([...(await workspaces.manifest(access.ref.id)).values()], from);
    const files = new Map(below(await workspaces.files(workspace), to).map((file) => [file.path, file.revision]));
    await workspaces.setManifest(access.ref.id, known.map((entry) => ({ ...entry, path: renamed(entry.path), revision: files.get(renamed(entry.path)) ?? entry.revision })));
    await workspaces.dropManifest(access.ref.id, known.map(({ path }) => path));
    for (const path of files.keys()) {
      const before = `${from}${path.slice(to.length)}`;
      if (isNotebook(before) && (await workspaces.editor(workspace, before)) === 'lab') await workspaces.setEditor(workspace, path, 'lab');
    }
  }
}

export type LabSave = ReturnType<typeof makeLabSave>;

const below = <T extends Pick<WorkspaceFile, 'path'>>(all: T[], path: string): T[] => all.filter((one) => one.path === path || one.path.startsWith(`${path}/`));
