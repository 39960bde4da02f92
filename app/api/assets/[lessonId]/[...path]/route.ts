import { requireActor } from '../../../../../lib/web/actor.ts';
import { getAsset } from '../../../../../lib/web/courses-assets.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { handler } from '../../../../../lib/web/respond.ts';

export const GET = handler(async (request: Request) => getAsset(await siteHub(), await requireActor(), request));
