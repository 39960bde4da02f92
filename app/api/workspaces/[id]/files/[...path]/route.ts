import type { WorkspaceId } from '../../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../../lib/web/actor.ts';
import { deleteFile, getFile, putFile } from '../../../../../../lib/web/files.ts';
import { siteHub } from '../../../../../../lib/web/hub.ts';
import { handler } from '../../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ id: string }> };

export const GET = handler(async (request: Request, { params }: Context) => getFile(await siteHub(), await requireActor(), (await params).id as WorkspaceId, request));
export const PUT = handler(async (request: Request, { params }: Context) => putFile(await siteHub(), await requireActor(), (await params).id as WorkspaceId, request));
export const DELETE = handler(async (request: Request, { params }: Context) => deleteFile(await siteHub(), await requireActor(), (await params).id as WorkspaceId, request));
