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
  | { state: 'quota'; usedBytes: number; limitBytes: number };

export type ManifestEntry = { path: string; revision: number; sha256?: Sha256 };

/** Files of workspaces and what servers' disks were last known to hold. A write is durable in PostgreSQL when it resolves. */
export interface WorkspaceStore {
  /** The user's workspace for the course, made on the first call. */
  open(user: UserId, course: CourseId): Promise<Workspace>;
  find(id: WorkspaceId): Promise<Workspace | undefined>;
  byKey(key: WorkspaceKey): Promise<Workspace | undefined>;

  files(workspace: WorkspaceId): Promise<WorkspaceFile[]>;
  file(workspace: WorkspaceId, path: string): Promise<WorkspaceFile | undefined>;
  write(workspace: WorkspaceId, write: Write): Promise<WriteOutcome>;
  /** Marks the path, and everything below it, deleted. Revisions stay. */
  remove(workspace: WorkspaceId, path: string): Promise<void>;
  /** Moves the path and everything below it; 'exists' when the target is taken. */
  rename(workspace: WorkspaceId, from: string, to: string): Promise<'renamed' | 'absent' | 'exists'>;
  revisions(workspace: WorkspaceId, path: string): Promise<{ revision: number; sha256?: Sha256; size: number; origin: Origin; createdAt: Date }[]>;

  manifest(server: ServerId): Promise<Map<string, ManifestEntry>>;
  setManifest(server: ServerId, entries: ManifestEntry[]): Promise<void>;
  dropManifest(server: ServerId, paths: string[]): Promise<void>;

  /** Runs with the path's lock held over all programs, so that work on one file is serialised. */
  serialised<T>(workspace: WorkspaceId, path: string, work: () => Promise<T>): Promise<T>;
}
