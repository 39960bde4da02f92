import { z } from 'zod';
import { ok, refuse, type Outcome } from '../core/errors.ts';
import type { CourseId, LessonId, ServerId, WorkspaceId } from '../core/ids.ts';
import type { Servers } from '../core/servers/open.ts';
import type { ServerStore } from '../core/servers/store.ts';
import { entryHeader, type ServerView } from '../core/servers/view.ts';
import { isId, token } from '../core/text.ts';
import type { Actor, CourseRole } from '../core/users/actor.ts';
import type { Opening } from '../core/workspaces/opening.ts';
import { ownWorkspace } from '../core/workspaces/own.ts';
import type { WorkspaceStore } from '../core/workspaces/store.ts';
import { paced } from './paced.ts';
import { refusalResponse, respond } from './respond.ts';

const BODY_BYTES = 16 * 1024;

/** A small JSON body of the given shape. */
export async function jsonBody<S extends z.ZodType>(request: Request, schema: S): Promise<Outcome<z.output<S>>> {
  const refusal = refuse({ code: 'invalid', say: 'This request is not understood.' });
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES) return refusal;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request.body ?? []) {
    length += piece.length;
    if (length > BODY_BYTES) return refusal;
    pieces.push(piece);
  }
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
    return parsed.success ? ok(parsed.data) : refusal;
  } catch {
    return refusal;
  }
}

/** The entry stands in a header too: a page that is busy showing the lesson reads a body some 20 ms after its headers. */
export const openLesson = ({ opening }: { opening: Opening }, actor: Actor, lesson: LessonId): Promise<Response> =>
  paced(actor, 'open', async () => {
    const opened = await opening.open(actor, lesson);
    const entry = opened.ok ? opened.value.entry : undefined;
    return respond(opened, entry && { headers: { [entryHeader]: encodeURIComponent(JSON.stringify(entry)), 'cache-control': 'no-store' } });
  });

const Enter = z.object({ path: token(1_024) });

export async function enterWorkspace({ opening }: { opening: Opening }, actor: Actor, workspace: WorkspaceId, request: Request): Promise<Response> {
  const body = await jsonBody(request, Enter);
  if (!body.ok) return refusalResponse(body.refusal);
  return paced(actor, 'enter', async () => respond(await opening.enter(actor, workspace, body.value.path), { headers: { 'cache-control': 'no-store' } }));
}

type ServerHub = {
  servers: Servers;
  serverStore: Pick<ServerStore, 'byId'>;
  workspaces: Pick<WorkspaceStore, 'find'>;
  courses: { role(user: Actor['id'], course: CourseId): Promise<CourseRole | undefined> };
};

/** Stops or keeps a server, if it is one of the person's own and still the workspace's. */
export async function actOnServer(hub: ServerHub, actor: Actor, id: ServerId, act: 'stop' | 'keep'): Promise<Response> {
  const notFound = { code: 'not_found', say: 'There is no such server.' } as const;
  const server = isId(id) ? await hub.serverStore.byId(id) : undefined;
  const workspace = server && 'workspace' in server ? server.workspace : undefined;
  if (!workspace) return refusalResponse(notFound);
  const own = await ownWorkspace(hub, actor, workspace);
  if (!own.ok) return refusalResponse(own.refusal.code === 'not_found' ? notFound : own.refusal);
  const current = await hub.servers.view(workspace);
  const done: Outcome<ServerView> = ok('id' in current && current.id === id ? await hub.servers[act](workspace) : current);
  return respond(done);
}
