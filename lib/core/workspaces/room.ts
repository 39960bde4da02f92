import type { UserId, WorkspaceId } from '../ids.ts';
import type { WorkspaceFile, WorkspaceStore } from './store.ts';

/**
 * How many bytes a file may have to fit into its workspace, the place of what it is now included. Asked before bytes are taken from
 * anybody; the write itself decides, under its lock. `file` is what is there now, `person` whose workspace it is.
 */
export async function roomFor(workspaces: Pick<WorkspaceStore, 'find' | 'file'>, workspace: WorkspaceId, path: string, limitBytes: number): Promise<{ bytes: number; usedBytes: number; person: UserId | undefined; file: WorkspaceFile | undefined }> {
  const [found, file] = await Promise.all([workspaces.find(workspace), workspaces.file(workspace, path)]);
  const usedBytes = found?.usedBytes ?? 0;
  return { bytes: Math.max(0, limitBytes - usedBytes + (file?.kind === 'file' ? file.size : 0)), usedBytes, person: found?.user, file };
}
