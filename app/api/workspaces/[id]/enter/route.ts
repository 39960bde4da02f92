import type { WorkspaceId } from '../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../lib/web/actor.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { enterWorkspace } from '../../../../../lib/web/open.ts';
import { handler } from '../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ id: string }> };

export const POST = handler(async (request: Request, { params }: Context) => enterWorkspace(await siteHub(), await requireActor(), (await params).id as WorkspaceId, request));
