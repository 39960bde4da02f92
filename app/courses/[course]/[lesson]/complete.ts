'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import type { LessonId } from '../../../../lib/core/ids.ts';
import { id } from '../../../../lib/core/text.ts';
import { action } from '../../../../lib/web/action.ts';
import { completeLesson } from '../../../../lib/web/lesson-page.ts';

export const complete = action(z.object({ lesson: id<LessonId>() }), async (actor, { lesson }) => {
  const outcome = await completeLesson(actor, lesson);
  if (outcome.ok) revalidatePath('/courses', 'layout');
  return outcome;
});
