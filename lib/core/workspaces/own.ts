import { accessTo } from '../courses/access.ts';
import type { CourseStore } from '../courses/course.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { WorkspaceId } from '../ids.ts';
import type { Actor } from '../users/actor.ts';
import type { Workspace, WorkspaceStore } from './store.ts';

type Deps = { workspaces: Pick<WorkspaceStore, 'find'>; courses: Pick<CourseStore, 'role'> };

/**
 * The workspace, if it is this person's and the course still is. Another's is answered like one that does not exist, so that
 * ids cannot be tried out.
 */
export async function ownWorkspace({ workspaces, courses }: Deps, actor: Actor, id: WorkspaceId): Promise<Outcome<Workspace>> {
  const workspace = await workspaces.find(id);
  if (!workspace || workspace.user !== actor.id) return refuse({ code: 'not_found', say: 'There are no such files.' });
  if (accessTo(actor, await courses.role(actor.id, workspace.course)) === 'reader') return refuse({ code: 'forbidden', say: 'You are not enrolled in this course any more.' });
  return ok(workspace);
}
