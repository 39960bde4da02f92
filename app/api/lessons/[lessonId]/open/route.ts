import type { LessonId } from '../../../../../lib/core/ids.ts';
import { requireActor } from '../../../../../lib/web/actor.ts';
import { siteHub } from '../../../../../lib/web/hub.ts';
import { openLesson } from '../../../../../lib/web/open.ts';
import { handler } from '../../../../../lib/web/respond.ts';

type Context = { params: Promise<{ lessonId: string }> };

export const POST = handler(async (_request: Request, { params }: Context) => openLesson(await siteHub(), await requireActor(), (await params).lessonId as LessonId));
