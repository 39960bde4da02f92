'use server';

import { revalidatePath } from 'next/cache';
import type { Direction } from '../../lib/core/courses/authoring.ts';
import type { Outcome } from '../../lib/core/errors.ts';
import * as teach from '../../lib/web/teach.ts';

/** Learners see the same titles and order, so everything is shown anew. */
async function shown<T>(outcome: Promise<Outcome<T>>): Promise<Outcome<T>> {
  const done = await outcome;
  if (done.ok) revalidatePath('/', 'layout');
  return done;
}

export const editCourse = async (input: Record<string, unknown>) => shown(teach.editCourse(input));

export const chooseServers = async (input: { course: string; profile: string }) => shown(teach.chooseServers(input));

export const renameModule = async (input: { course: string; module: string; title: string }) => shown(teach.renameModule(input));

export const renameLesson = async (input: { course: string; lesson: string; title: string }) => shown(teach.renameLesson(input));

export const shiftLesson = async (input: { course: string; lesson: string; direction: Direction }) => shown(teach.shiftLesson(input));

export const shiftModule = async (input: { course: string; module: string; direction: Direction }) => shown(teach.shiftModule(input));

export const removeLesson = async (input: { course: string; lesson: string }) => shown(teach.removeLesson(input));

export const setPublished = async (input: { course: string; published: boolean }) => shown(teach.setPublished(input));
