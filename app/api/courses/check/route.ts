import { requireActor } from '../../../../lib/web/actor.ts';
import { siteHub } from '../../../../lib/web/hub.ts';
import { handler } from '../../../../lib/web/respond.ts';
import { checkUpload } from '../../../../lib/web/teach-import.ts';

export const POST = handler(async (request: Request) => checkUpload(await siteHub(), await requireActor(), request));
