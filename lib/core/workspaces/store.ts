import type { CourseId, ServerId, Sha256, UserId, WorkspaceId, WorkspaceKey } from '../ids.ts';

export type Workspace = { id: WorkspaceId; key: WorkspaceKey; user: UserId; course: CourseId; usedBytes: number };

/** The newest revision of one path. Paths use `/`, have no leading one, and no `.` or `..` part. */
export type WorkspaceFile =
  | { path: string; kind: 'file'; revision: number; sha256: Sha256; size: number; updatedAt: Date; lessonVersionId?: string }
  | { path: string; kind: 'directory'; revision: number; updatedAt: Date };

export type Origin = 'page' | 'lab' | 'snapshot' | 'lesson' | 'restore';

export type Write = {
  path: string;
  /** Undefined makes a directory. */
  content?: { sha256: Sha256; size: number };
  /** The revision the writer saw: 0 for "there is none"; 'any' overwrites what is there. */
  ifRevision: number | 'any';
  origin: Origin;
  lessonVersionId?: string;
};

export type WriteOutcome =
  | { state: 'written'; revision: number }
  | { state: 'unchanged'; revision: number }
  | { state: 'stale'; current: WorkspaceFile | undefined }
  | { state: 'quota'; usedBytes: number; limitBytes: number }
  /** Its files would have room, but not beside their earlier revisions, of which none may go. */
  | { state: 'history'; usedBytes: number; limitBytes: number }
  | { state: 'files'; most: number }
  /** A file stands where a folder is needed, or something stands below where a file is to be. */
  | { state: 'blocked'; by: string };

/** Who edits a notebook now: its lesson page, or JupyterLab. */
export type Editor = 'page' | 'lab';

export type ManifestEntry = { path: string; revision: number; sha256?: Sha256 };

/** Files of workspaces and what servers' disks were last known to hold. A write is durable in PostgreSQL when it resolves. */
export interface WorkspaceStore {
  /** The user's workspace for the course, made on the first call. */
  open(user: UserId, course: CourseId): Promise<Workspace>;
  /** The same, where there is one: looking makes nothing. */
  of(user: UserId, course: CourseId): Promise<Workspace | undefined>;
  find(id: WorkspaceId): Promise<Workspace | undefined>;
  byKey(key: WorkspaceKey): Promise<Workspace | undefined>;
  ofUser(user: UserId): Promise<Workspace[]>;

  files(workspace: WorkspaceId): Promise<WorkspaceFile[]>;
  file(workspace: WorkspaceId, path: string): Promise<WorkspaceFile | undefined>;
  write(workspace: WorkspaceId, write: Write): Promise<WriteOutcome>;
  /**
   * The opening of a lesson: each file becomes one of the workspace where none is; what a learner has stays as it is.
   * Safe to call again, also at once. Quota does not refuse it; bytes no blob store has ever seen do not become a file.
   */
  addMissing(workspace: WorkspaceId, files: { path: string; sha256: Sha256 }[], lessonVersionId: string): Promise<void>;
  /** Marks the path, and everything below it, deleted. Revisions stay. */
  remove(workspace: WorkspaceId, path: string): Promise<void>;
  /** Marks this one path deleted, if its newest revision is still this one; what lies below a folder stays. */
  removeExactly(workspace: WorkspaceId, path: string, ifRevision: number): Promise<boolean>;
  /** Moves the path and everything below it; 'exists' when the target is taken. */
  rename(workspace: WorkspaceId, from: string, to: string): Promise<'renamed' | 'absent' | 'exists'>;
  revisions(workspace: WorkspaceId, path: string): Promise<{ revision: number; sha256?: Sha256; size: number; origin: Origin; createdAt: Date }[]>;

  /** All of it, or of these paths only. */
  manifest(server: ServerId, paths?: string[]): Promise<Map<string, ManifestEntry>>;
  setManifest(server: ServerId, entries: ManifestEntry[]): Promise<void>;
  dropManifest(server: ServerId, paths: string[]): Promise<void>;

  /** The Jupyter session and kernel of a notebook on a server, once `setSession` named them. */
  session(server: ServerId, path: string): Promise<{ sessionId: string; kernelId: string } | undefined>;
  setSession(server: ServerId, path: string, session: { sessionId: string; kernelId: string }): Promise<void>;

  /** 'page' until somebody said otherwise. */
  editor(workspace: WorkspaceId, path: string): Promise<Editor>;
  /** Notebooks that JupyterLab edits now, of these users. */
  inLab(users: UserId[]): Promise<{ user: UserId; workspace: WorkspaceId; path: string; revision: number }[]>;
  /** Tells the other tabs, too. */
  setEditor(workspace: WorkspaceId, path: string, editor: Editor): Promise<void>;

  /**
   * Runs with the lock of the path (or of every path of the list) held over all programs, so that work on one file is
   * serialised. A lock ends with the process that held it, or after two minutes of a process that hangs. Not to be nested.
   */
  serialised<T>(workspace: WorkspaceId, path: string | string[], work: () => Promise<T>): Promise<T>;
}
