import type { CourseStore } from '../courses/course.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { WorkspaceId } from '../ids.ts';
import type { NotebookWork } from '../lessons/notebook-work.ts';
import type { Access, Jupyter } from '../servers/jupyter.ts';
import { accessTo, type ServerKeys } from '../servers/secrets.ts';
import type { ServerRequests } from '../servers/store.ts';
import type { Actor } from '../users/actor.ts';
import type { BlobStore } from './blobs.ts';
import type { Budget } from './budget.ts';
import { ownWorkspace } from './own.ts';
import { isNotebook, parsePath } from './path.ts';
import type { PutBack } from './put-back.ts';
import { save, type Upload } from './save.ts';
import type { Editor, Workspace, WorkspaceFile, WorkspaceStore } from './store.ts';

type Deps = {
  workspaces: WorkspaceStore;
  blobs: BlobStore;
  notebooks: Pick<NotebookWork, 'checked'>;
  budget: Pick<Budget, 'of'>;
  courses: Pick<CourseStore, 'role'>;
  store: Pick<ServerRequests, 'of' | 'setUnkept'>;
  jupyter: Pick<Jupyter, 'remove' | 'prove'>;
  putBack: PutBack;
  keys: ServerKeys;
  limitBytes: number;
  fileLimitBytes: number;
  /** Told when a live server could not be brought along; it catches up at its next opening. */
  onBackground: (error: unknown, doing: string) => void;
};

type StoredFile = Extract<WorkspaceFile, { kind: 'file' }>;

/** What people do with the files of their own workspace through the site. Needs no server; a live one is brought along. */
export function makeFiles(deps: Deps) {
  const { workspaces, blobs, notebooks, budget, store, jupyter, putBack, keys, limitBytes, fileLimitBytes, onBackground } = deps;

  async function own<T>(actor: Actor, id: WorkspaceId, rawPath: string, act: (workspace: Workspace, path: string) => Promise<Outcome<T>>): Promise<Outcome<T>> {
    const path = parsePath(rawPath);
    if (!path.ok) return path;
    const workspace = await ownWorkspace(deps, actor, id);
    return workspace.ok ? act(workspace.value, path.value) : workspace;
  }

  async function liveAccess(workspace: WorkspaceId): Promise<Access | undefined> {
    const server = await store.of(workspace);
    if (server?.state !== 'running' || !server.markedAt) return undefined;
    return accessTo(jupyter, keys, server);
  }

  const onServer = async (workspace: WorkspaceId, doing: string, act: (access: Access) => Promise<void>): Promise<void> => {
    try {
      const access = await liveAccess(workspace);
      if (access) await act(access);
    } catch (error) {
      onBackground(error, doing);
    }
  };

  /** A file that no snapshot could keep is on the server's disk alone. */
  async function removeUnkept(workspace: Workspace, path: string): Promise<Outcome<{ usedBytes: number }>> {
    const server = await store.of(workspace.id);
    const unkept = server?.state === 'running' ? (server.unkept ?? []) : [];
    const access = unkept.some((file) => file.path === path) ? await liveAccess(workspace.id) : undefined;
    if (!access) return refuse({ code: 'not_found', say: 'There is no such file.' });
    await workspaces.serialised(workspace.id, path, () => jupyter.remove(access, [path]));
    await store.setUnkept(access.ref, unkept.filter((file) => file.path !== path));
    return ok({ usedBytes: workspace.usedBytes });
  }

  return {
    async list(actor: Actor, id: WorkspaceId): Promise<Outcome<{ files: WorkspaceFile[]; usedBytes: number; limitBytes: number }>> {
      const workspace = await ownWorkspace(deps, actor, id);
      if (!workspace.ok) return workspace;
      return ok({ files: await workspaces.files(id), usedBytes: workspace.value.usedBytes, limitBytes });
    },

    read: (actor: Actor, id: WorkspaceId, rawPath: string): Promise<Outcome<{ file: StoredFile; bytes: AsyncIterable<Uint8Array> }>> =>
      own(actor, id, rawPath, async (workspace, path) => {
        const file = await workspaces.file(workspace.id, path);
        if (file?.kind !== 'file') return refuse({ code: 'not_found', say: 'There is no such file.' });
        const blob = await blobs.get(file.sha256);
        if (!blob) throw new Error(`blob ${file.sha256} is missing`);
        return ok({ file, bytes: blob.bytes });
      }),

    /** Answers once it is committed; the server's disk follows by itself. */
    save: (actor: Actor, id: WorkspaceId, rawPath: string, upload: Upload, ifRevision: number | 'any'): Promise<Outcome<{ revision: number }>> =>
      own(actor, id, rawPath, async (workspace, path) => {
        const saved = await save({ workspaces, blobs, notebooks, budget, limitBytes, fileLimitBytes }, workspace.id, path, upload, ifRevision);
        if (saved.ok) void onServer(workspace.id, 'put a saved file back', (access) => putBack.put(access, workspace.id, [path]));
        return saved;
      }),

    remove: (actor: Actor, id: WorkspaceId, rawPath: string): Promise<Outcome<{ usedBytes: number }>> =>
      own(actor, id, rawPath, async (workspace, path) => {
        const files = await workspaces.files(workspace.id);
        const gone = files.map((file) => file.path).filter((each) => each === path || each.startsWith(`${path}/`));
        if (gone.length === 0) return removeUnkept(workspace, path);
        await workspaces.remove(workspace.id, path);
        await onServer(workspace.id, 'remove a deleted file', (access) =>
          workspaces.serialised(workspace.id, gone, async () => {
            await jupyter.remove(access, [path]);
            await workspaces.dropManifest(access.ref.id, gone);
          }),
        );
        return ok({ usedBytes: (await workspaces.find(workspace.id))?.usedBytes ?? 0 });
      }),

    /**
     * Hands the notebook to its page or to JupyterLab. JupyterLab reads the server's disk, so what the page saved last is
     * there before the answer.
     */
    setEditor: (actor: Actor, id: WorkspaceId, rawPath: string, editor: Editor): Promise<Outcome<{ editor: Editor }>> =>
      own(actor, id, rawPath, async (workspace, path) => {
        if (!isNotebook(path)) return refuse({ code: 'invalid', say: 'Only notebooks have an editor.' });
        const access = editor === 'lab' ? await liveAccess(workspace.id) : undefined;
        if (editor === 'lab' && !access) return refuse({ code: 'unavailable', say: 'Your server is not ready yet.' });
        if (access) await putBack.put(access, workspace.id, [path]);
        await workspaces.setEditor(workspace.id, path, editor);
        return ok({ editor });
      }),
  };
}

export type Files = ReturnType<typeof makeFiles>;
