import type { WorkspaceId } from '../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../lib/web/actor.ts';
import { postEditor } from '../../../../../lib/web/files.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { handler } from '../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ id: string }> };

export const POST = handler(async (request: Request, { params }: Context) => postEditor(await siteHub(), await requireActor(), (await params).id as WorkspaceId, request));
