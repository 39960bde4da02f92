'use server';

import { revalidatePath } from 'next/cache';
import * as courses from '../../lib/web/courses.ts';

export async function enrol(input: { course: string }) {
  const outcome = await courses.enrol(input);
  if (outcome.ok) revalidatePath('/', 'layout');
  return outcome;
}
