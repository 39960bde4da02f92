import type { DiskWatch } from '../disk.ts';
import { UpstreamError } from '../errors.ts';
import type { ServerId, WorkspaceId } from '../ids.ts';
import type { NotebookWork } from '../lessons/notebook-work.ts';
import { makeRemembered } from '../remembered.ts';
import type { Access, DiskEntry, Jupyter } from '../servers/jupyter.ts';
import type { ServerRequests } from '../servers/store.ts';
import { Withheld, type BlobStore } from './blobs.ts';
import type { Budget } from './budget.ts';
import { compare, type Action } from './compare.ts';
import { MOST_FILES } from './history-quota.ts';
import { isNotebook } from './path.ts';
import type { PutBack } from './put-back.ts';
import { roomFor } from './room.ts';
import type { Snapshots } from './snapshot.ts';
import type { ManifestEntry, WorkspaceFile, WorkspaceStore, WriteOutcome } from './store.ts';
import { summary, UNKEPT_TOLD, type Unkept, type UnkeptSummary } from './unkept.ts';

type Deps = {
  workspaces: WorkspaceStore;
  blobs: BlobStore;
  notebooks: Pick<NotebookWork, 'same'>;
  budget: Pick<Budget, 'of' | 'fits'>;
  disk: Pick<DiskWatch, 'allow'>;
  jupyter: Pick<Jupyter, 'list' | 'read' | 'remove'>;
  putBack: Pick<PutBack, 'putLocked'>;
  /** What one learner may keep per course. */
  limitBytes: number;
  now: () => Date;
  /** Told, after each snapshot, of all files it could not keep. */
  store: Pick<ServerRequests, 'setUnkept'>;
  /** Told once a snapshot, if at all, of those it had not been told of and of those that failed this time only. */
  onUnkept: (facts: { workspace: WorkspaceId } & UnkeptSummary) => void;
};

/** Notebooks longer than this are compared by their bytes. */
const CANONICAL_BYTES = 64 * 1024 * 1024;

/** Of so many servers is it remembered which files were told of. */
const TOLD_SERVERS = 1_000;

/** After so many failures a snapshot gives up. */
const FAILURES = 3;

type Disk = DiskEntry & { kind: 'file' };
type Manifest = ReadonlyMap<string, ManifestEntry>;

/** Snapshots of servers' disks, file by file under each file's lock, so that saves go on meanwhile. */
export function makeSnapshots({ workspaces, blobs, notebooks, budget, disk: floor, jupyter, putBack, limitBytes, now, store, onUnkept }: Deps): Snapshots {
  const told = makeRemembered<ReadonlySet<string>>(TOLD_SERVERS);

  async function take(access: Access, workspace: WorkspaceId): Promise<void> {
    const server = access.ref.id;
    // In this order: what is in the manifest before the walk begins was on the disk before it.
    const manifest = await workspaces.manifest(server);
    const files = await workspaces.files(workspace);
    const listing = await jupyter.list(access);
    const seen = new Map(files.map((file) => [file.path, file]));
    const adopted: (Action & { do: 'adopt' })[] = [];
    const unkept: Unkept[] = [];
    const news: { path: string; why: string }[] = [];
    const before = told.get(server);
    // The write decides; this keeps the bytes of what it would refuse from being asked for.
    let names = MOST_FILES - files.length;
    const isCrowded = (action: Action) => (action.do === 'keep-both' || ((action.do === 'commit' || action.do === 'make-directory') && !seen.has(action.path))) && (names -= 1) < 0;
    let missed: UpstreamError | undefined;
    const leave = (path: string, why: Unkept['why'] | undefined) => {
      if (!why) return;
      unkept.push({ path, why });
      if (!before?.has(`${why} ${path}`)) news.push({ path, why });
    };
    let failures = 0;
    try {
      for (const action of compare(manifest, listing, files, now())) {
        if (action.do === 'adopt') adopted.push(action);
        else if (action.do === 'skip') leave(action.path, 'name');
        else if (isCrowded(action)) leave(action.path, 'quota');
        else {
          const settled = settle(access, workspace, action, { file: seen.get(action.path), revision: manifest.get(action.path)?.revision });
          await settled.then((why) => leave(action.path, why)).catch((error: unknown) => {
            // A log that grows while it is read fails by itself; a server that is gone fails at everything.
            if (!(error instanceof UpstreamError) || (failures += 1) >= FAILURES) throw error;
            if (error.system === 'database') missed = error;
            news.push({ path: action.path, why: error.message });
          });
        }
      }
    } finally {
      if (news.length > 0) onUnkept({ workspace, ...summary(news) });
    }
    if (adopted.length > 0) await adopt(server, workspace, adopted, manifest);
    await store.setUnkept(access.ref, unkept.slice(0, UNKEPT_TOLD));
    told.keep(server, new Set(unkept.map(({ path, why }) => `${why} ${path}`)));
    // The file is well, and whoever stops the server next has to know that it is not kept.
    if (missed) throw missed;
  }

  async function adopt(server: ServerId, workspace: WorkspaceId, actions: (Action & { do: 'adopt' })[], compared: Manifest): Promise<void> {
    const paths = actions.map(({ path }) => path);
    await workspaces.serialised(workspace, paths, async () => {
      const [files, manifest] = await Promise.all([workspaces.files(workspace), workspaces.manifest(server, paths)]);
      const revisions = new Map(files.map(({ path, revision }) => [path, revision]));
      const still = actions.filter(({ path, revision }) => revisions.get(path) === revision && manifest.get(path)?.revision === compared.get(path)?.revision);
      await workspaces.setManifest(server, still.map(({ path, revision, disk }) => ({ path, revision, ...(disk.kind === 'file' && { sha256: disk.sha256 }) })));
    });
  }

  type Compared = { file: WorkspaceFile | undefined; revision: number | undefined };

  async function settle(access: Access, workspace: WorkspaceId, action: Exclude<Action, { do: 'adopt' | 'skip' }>, compared: Compared): Promise<Unkept['why'] | undefined> {
    const { path } = action;
    const server = access.ref.id;
    const paths = action.do === 'keep-both' ? [path, action.copy] : [path];
    return workspaces.serialised(workspace, paths, async () => {
      const [file, manifest] = await Promise.all([workspaces.file(workspace, path), workspaces.manifest(server, [path])]);
      // Somebody worked on it meanwhile: the next snapshot compares anew.
      if (file?.revision !== compared.file?.revision || manifest.get(path)?.revision !== compared.revision) return undefined;
      switch (action.do) {
        case 'delete':
          if (await isThere(access, path)) return undefined;
          if (await workspaces.removeExactly(workspace, path, action.revision)) await workspaces.dropManifest(server, [path]);
          return undefined;
        case 'make-directory': {
          const made = await workspaces.write(workspace, { path, ifRevision: file?.revision ?? 0, origin: 'snapshot' });
          if ('revision' in made) await workspaces.setManifest(server, [{ path, revision: made.revision }]);
          return undefined;
        }
        case 'commit':
          return commit(access, workspace, action.disk, path, file);
        case 'keep-both':
          return keepBoth(access, workspace, action, file);
        case 'put':
          await putBack.putLocked(access, workspace, [path]);
          return undefined;
        case 'remove':
          await jupyter.remove(access, [action.disk.path]);
          await workspaces.dropManifest(server, [path]);
          return undefined;
        case 'forget':
          await workspaces.dropManifest(server, [path]);
          return undefined;
      }
    });
  }

  async function isThere(access: Access, path: string): Promise<boolean> {
    const found = await jupyter.read(access, path, Number.MAX_SAFE_INTEGER);
    if (!found) return false;
    // Begun and left: bytes that nobody begins to read would hold the connection.
    const bytes = found.bytes[Symbol.asyncIterator]();
    await bytes.next();
    await bytes.return?.();
    return true;
  }

  async function commit(access: Access, workspace: WorkspaceId, disk: Disk, path: string, file: WorkspaceFile | undefined): Promise<Unkept['why'] | undefined> {
    const content = await keep(access, workspace, disk, path);
    if (!content || typeof content === 'string') return content;
    if (file?.kind === 'file' && isNotebook(path) && (await isSame(workspace, content, file))) {
      await workspaces.setManifest(access.ref.id, [{ path, revision: file.revision, sha256: content.sha256 }]);
      await blobs.unput(content);
      return undefined;
    }
    const written = await workspaces.write(workspace, { path, content, ifRevision: file?.revision ?? 0, origin: 'snapshot' });
    if (!('revision' in written)) {
      await blobs.unput(content);
      return refusedAs(written);
    }
    await workspaces.setManifest(access.ref.id, [{ path, revision: written.revision, sha256: content.sha256 }]);
    return undefined;
  }

  async function keepBoth(access: Access, workspace: WorkspaceId, { path, disk, copy }: Action & { do: 'keep-both' }, file: WorkspaceFile | undefined): Promise<Unkept['why'] | undefined> {
    const content = await keep(access, workspace, disk, copy);
    if (!content || typeof content === 'string') return content;
    const same = file?.kind === 'file' && isNotebook(path) && (await isSame(workspace, content, file));
    const kept = same ? undefined : await workspaces.write(workspace, { path: copy, content, ifRevision: 0, origin: 'snapshot' });
    // What was not kept stays on the disk as it is.
    if (kept && !('revision' in kept)) {
      await blobs.unput(content);
      return refusedAs(kept);
    }
    // Where the disk has no room for the workspace's own, the next snapshot must not keep the same bytes once more.
    await workspaces.setManifest(access.ref.id, [{ path, revision: 0, sha256: content.sha256 }]);
    await putBack.putLocked(access, workspace, [path, copy]);
    return undefined;
  }

  /** The bytes on the disk, kept; none when they are gone. No more are taken than were listed, and none where there is no room for them. */
  async function keep(access: Access, workspace: WorkspaceId, disk: Disk, as: string) {
    if (disk.size > limitBytes) return 'size' as const;
    const { bytes, person } = await roomFor(workspaces, workspace, as, limitBytes);
    if (disk.size > bytes) return 'quota' as const;
    if (person && !(await budget.fits(person, disk.size))) return 'hour' as const;
    try {
      // Before it is fetched: what comes from a server waits on a disk, too.
      await floor.allow(disk.size);
      const found = await jupyter.read(access, disk.path, disk.size);
      return found && (await blobs.put(found.bytes, disk.size, person && budget.of(person)));
    } catch (error) {
      if (error instanceof Withheld) return error.refusal.code === 'disk_full' ? ('disk' as const) : ('hour' as const);
      throw error;
    }
  }

  async function isSame(workspace: WorkspaceId, content: { sha256: Disk['sha256']; size: number }, file: Disk | Extract<WorkspaceFile, { kind: 'file' }>): Promise<boolean> {
    if (content.sha256 === file.sha256) return true;
    if (content.size > CANONICAL_BYTES || file.size > CANONICAL_BYTES) return false;
    return notebooks.same(bytesOf(content.sha256), bytesOf(file.sha256), content.size + file.size, workspace);
  }

  async function* bytesOf(sha256: Disk['sha256']): AsyncGenerator<Uint8Array> {
    const blob = await blobs.get(sha256);
    if (!blob) throw new UpstreamError('database', `blob ${sha256} is missing`);
    yield* blob.bytes;
  }

  return { take: makeInTurn(take) };
}

/** A stale write is not refused for long: the next snapshot compares anew. */
const refusedAs = ({ state }: Exclude<WriteOutcome, { revision: number }>): Unkept['why'] | undefined => (state === 'quota' || state === 'history' || state === 'files' ? 'quota' : state === 'blocked' ? 'name' : undefined);

/**
 * One snapshot of a server at a time. Whoever asks while one runs gets the next one, which sees all that was written before
 * it was asked for; all who ask meanwhile share it.
 */
function makeInTurn(take: Snapshots['take']): Snapshots['take'] {
  const turns = new Map<ServerId, { running: Promise<void>; next?: Promise<void> }>();
  return function inTurn(access, workspace): Promise<void> {
    const id = access.ref.id;
    const turn = turns.get(id);
    if (turn) return (turn.next ??= turn.running.catch(() => undefined).then(() => inTurn(access, workspace)));
    const running = take(access, workspace).finally(() => turns.delete(id));
    turns.set(id, { running });
    return running;
  };
}
