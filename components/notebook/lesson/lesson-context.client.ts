'use client';

import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Lesson, Status } from './lesson.client.ts';
import type { PageCell } from '../runs/page-cells.ts';

export const LessonContext = createContext<Lesson | undefined>(undefined);

export function useLesson(): Lesson {
  const lesson = useContext(LessonContext);
  if (!lesson) throw new Error('a part of a lesson was rendered outside its lesson');
  return lesson;
}

/** What `pick` takes of the status: a part renders anew when that has changed, and not with each cell that runs. */
export function useStatus<T>(pick: (status: Status) => T): T {
  const lesson = useLesson();
  const get = () => pick(lesson.status());
  return useSyncExternalStore((listener) => lesson.subscribe('status', listener), get, get);
}

export function useCell(id: string): PageCell | undefined {
  const lesson = useLesson();
  const get = () => lesson.cell(id);
  return useSyncExternalStore((listener) => lesson.subscribe(`cell:${id}`, listener), get, get);
}

export function useOrder(): string[] {
  const lesson = useLesson();
  return useSyncExternalStore((listener) => lesson.subscribe('order', listener), lesson.order, lesson.order);
}
