import type { WorkspaceId } from '../ids.ts';
import type { Access } from '../servers/jupyter.ts';

/** Brings what code wrote on a server's disk into the workspace. Called at the end of an execution and before a stop. */
export interface Snapshots {
  /**
   * Compares the disk with its manifest and keeps what is new; a failed or partial walk deletes nothing. Resolves once what
   * was seen is committed. Safe to call again, also at once.
   * @throws UpstreamError when the server cannot be reached, or something that was seen could not be committed
   */
  take(access: Access, workspace: WorkspaceId): Promise<void>;
}
