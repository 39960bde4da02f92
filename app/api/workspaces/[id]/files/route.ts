import type { WorkspaceId } from '../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../lib/web/actor.ts';
import { listFiles } from '../../../../../lib/web/files.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { handler } from '../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ id: string }> };

export const GET = handler(async (_request: Request, { params }: Context) => listFiles(await siteHub(), await requireActor(), (await params).id as WorkspaceId));
