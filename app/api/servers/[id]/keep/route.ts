import type { ServerId } from '../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../lib/web/actor.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { actOnServer } from '../../../../../lib/web/open.ts';
import { handler } from '../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ id: string }> };

export const POST = handler(async (_request: Request, { params }: Context) => actOnServer(await siteHub(), await requireActor(), (await params).id as ServerId, 'keep'));
