import type { LessonContent } from '../courses/course.ts';
import type { WorkspaceId } from '../ids.ts';
import type { WorkspaceStore } from './store.ts';

/**
 * Makes a lesson's notebook and assets files of the workspace where none is. A learner's own copy stays, also when the
 * lesson was published anew since.
 */
export const seed = (workspaces: Pick<WorkspaceStore, 'addMissing'>, workspace: WorkspaceId, { path, version }: LessonContent): Promise<void> =>
  workspaces.addMissing(workspace, [{ path, sha256: version.notebook }, ...version.assets.map(({ path, sha256 }) => ({ path, sha256 }))], version.id);
