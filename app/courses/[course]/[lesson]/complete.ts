'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import type { LessonId } from '../../../../lib/core/ids.ts';
import { action } from '../../../../lib/web/action.ts';
import { completeLesson } from '../../../../lib/web/lesson-page.ts';

export const complete = action(z.object({ lesson: z.string() }), async (actor, { lesson }) => {
  const outcome = await completeLesson(actor, lesson as LessonId);
  if (outcome.ok) revalidatePath('/courses', 'layout');
  return outcome;
});
