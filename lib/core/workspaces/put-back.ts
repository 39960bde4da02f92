import type { WorkspaceId } from '../ids.ts';
import type { Access, Jupyter, PutBackFile, PutBackResult } from '../servers/jupyter.ts';
import type { BlobStore } from './blobs.ts';
import { folderOf } from './path.ts';
import type { ManifestEntry, WorkspaceFile, WorkspaceStore } from './store.ts';

/** What goes onto a server before its first execution, at the most; the lesson's own files go in any case. */
const FIRST_BYTES = 4 * 1024 * 1024;
const FIRST_FILES = 200;
/** One batch of the rest holds its files' locks while it is sent. */
const BATCH_BYTES = 8 * 1024 * 1024;
const BATCH_FILES = 50;

type Manifest = ReadonlyMap<string, Pick<ManifestEntry, 'revision'>>;
const sizeOf = (file: WorkspaceFile) => (file.kind === 'file' ? file.size : 0);
const versionOf = (file: WorkspaceFile | undefined) => (file?.kind === 'file' ? file.lessonVersionId : undefined);

/** Whether the server's disk has never been given this revision of the file. */
export const isBehind = (file: WorkspaceFile, manifest: Manifest): boolean => manifest.get(file.path)?.revision !== file.revision;

/**
 * What of the workspace has to be put on a server's disk, in the order in which a learner may need it. `first`, which the
 * first execution waits for: the notebook, what came with the same lesson, what lies beside or below it, then the
 * smallest of the others as long as they are few. `rest`: everything else.
 */
export function putBackOrder(files: WorkspaceFile[], manifest: Manifest, notebook: string): { first: WorkspaceFile[]; rest: WorkspaceFile[] } {
  const version = versionOf(files.find(({ path }) => path === notebook));
  const folder = folderOf(notebook);
  const nearness = (file: WorkspaceFile) => {
    if (file.path === notebook) return 0;
    if (version !== undefined && versionOf(file) === version) return 1;
    return folder === '' ? (file.path.includes('/') ? 3 : 2) : file.path.startsWith(`${folder}/`) ? 2 : 3;
  };
  const behind = files.filter((file) => isBehind(file, manifest)).sort((a, b) => nearness(a) - nearness(b) || sizeOf(a) - sizeOf(b));
  let [bytes, count] = [0, 0];
  const first = behind.filter((file) => {
    if (nearness(file) <= 1) return true;
    bytes += sizeOf(file);
    count += 1;
    return bytes <= FIRST_BYTES && count <= FIRST_FILES;
  });
  const sent = new Set(first);
  return { first, rest: behind.filter((file) => !sent.has(file)) };
}

/** Files in batches that are sent together, each at least one file. */
export function inBatches(files: WorkspaceFile[]): WorkspaceFile[][] {
  const batches: WorkspaceFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = batches.at(-1);
    if (last && last.length < BATCH_FILES && bytes + sizeOf(file) <= BATCH_BYTES) {
      last.push(file);
      bytes += sizeOf(file);
    } else {
      batches.push([file]);
      bytes = sizeOf(file);
    }
  }
  return batches;
}

type Deps = { workspaces: WorkspaceStore; blobs: BlobStore; jupyter: Jupyter };

/** Puts the workspace's files on a server's disk. */
export function makePutBack({ workspaces, blobs, jupyter }: Deps) {
  /** How many blobs are being fetched while one is sent. */
  const AHEAD = 8;

  async function* streams(files: WorkspaceFile[]): AsyncGenerator<PutBackFile> {
    const fetched = files.map(() => undefined as ReturnType<BlobStore['get']> | undefined);
    for (const [index, file] of files.entries()) {
      for (let next = index; next < Math.min(files.length, index + AHEAD); next += 1) {
        const ahead = files[next]!;
        if (ahead.kind !== 'file' || fetched[next]) continue;
        fetched[next] = blobs.get(ahead.sha256);
        // Looked at when its turn comes, if it comes.
        fetched[next]!.catch(() => undefined);
      }
      if (file.kind === 'directory') {
        yield { path: file.path, directory: true };
        continue;
      }
      const blob = await fetched[index];
      fetched[index] = undefined;
      if (!blob) throw new Error(`the bytes of ${file.path} are not in the database`);
      yield { path: file.path, size: blob.size, bytes: blob.bytes };
    }
  }

  /**
   * To be called with the paths' locks held: puts the newest revision of those that are behind and notes it. What the disk
   * refused stays behind: noted as put, it would pass for deleted at the next snapshot.
   */
  async function putLocked(access: Access, workspace: WorkspaceId, paths: string[]): Promise<PutBackResult['refused']> {
    const wanted = new Set(paths);
    const [files, manifest] = await Promise.all([workspaces.files(workspace), workspaces.manifest(access.ref.id)]);
    const behind = files.filter((file) => wanted.has(file.path) && isBehind(file, manifest));
    if (behind.length === 0) return [];
    const { written, refused } = await jupyter.putBack(access, streams(behind));
    const left = new Set(refused.map(({ path }) => path));
    await workspaces.setManifest(
      access.ref.id,
      behind.flatMap(({ path, revision }) => (left.has(path) ? [] : [{ path, revision, sha256: written.get(path) }])),
    );
    return refused;
  }

  return {
    putLocked,
    /** Brings these paths on the disk to their newest revision. */
    async put(access: Access, workspace: WorkspaceId, paths: string[]): Promise<void> {
      if (paths.length > 0) await workspaces.serialised(workspace, paths, () => putLocked(access, workspace, paths));
    },
    /** Brings everything on the disk to its newest revision, batch by batch, so that saves go on meanwhile. */
    async putRest(access: Access, workspace: WorkspaceId, notebook: string): Promise<void> {
      const [files, manifest] = await Promise.all([workspaces.files(workspace), workspaces.manifest(access.ref.id)]);
      const { first, rest } = putBackOrder(files, manifest, notebook);
      for (const batch of inBatches([...first, ...rest])) await this.put(access, workspace, batch.map(({ path }) => path));
    },
  };
}

export type PutBack = ReturnType<typeof makePutBack>;
