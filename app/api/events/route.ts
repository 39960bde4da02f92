import { requireActor } from '../../../lib/web/actor.ts';
import { eventStream } from '../../../lib/web/events.ts';
import { siteHub } from '../../../lib/web/hub.ts';
import { handler } from '../../../lib/web/respond.ts';

export const GET = handler(async (request: Request) => eventStream(await siteHub(), await requireActor(), request.signal));
