import type { CourseId, LessonId, Sha256, UserId } from '../ids.ts';
import type { Asset, CourseCard, Outline } from './course.ts';

export type NewLesson = { slug: string; title: string; path: string; notebook: Sha256; assets: Asset[] };

export type NewCourse = { slug: string; title: string; summary: string; modules: { title: string; lessons: NewLesson[] }[] };

/** The lessons of each module in order. */
export type Arrangement = { module: string; lessons: LessonId[] }[];

/** Courses as instructors make them. Callers have asked `accessTo` first; every call names the course it was asked for. */
export interface CourseAuthoring {
  /** Courses this person is an instructor of; with 'all', every course there is. */
  taught(by: UserId | 'all'): Promise<CourseCard[]>;
  /**
   * Makes the whole course, unpublished, with the first version of each lesson, or nothing. The author becomes its instructor.
   * The slug gets a number when it is taken.
   */
  create(author: UserId, course: NewCourse): Promise<{ id: CourseId; slug: string }>;
  edit(course: CourseId, change: { title: string; summary: string; slug: string }): Promise<'edited' | 'slug_taken'>;
  renameModule(course: CourseId, module: string, title: string): Promise<void>;
  /** The lesson's slug, and so its address, stays. */
  renameLesson(course: CourseId, lesson: LessonId, title: string): Promise<void>;
  /** Puts modules and lessons in this order. 'stale' when it does not name exactly what the course has: someone else changed it. */
  arrange(course: CourseId, order: Arrangement): Promise<'arranged' | 'stale'>;
  /** Removes the lesson, its versions and everyone's progress in it. Learners' own copies stay in their workspaces. */
  removeLesson(course: CourseId, lesson: LessonId): Promise<void>;
  /** The name of the profile its learners' servers are made from; none is the default. */
  profile(course: CourseId): Promise<string | undefined>;
  setProfile(course: CourseId, profile: string | undefined): Promise<void>;
  /** Publishing makes the newest version of each lesson the one learners get. Unpublishing hides the course from them. */
  setPublished(course: CourseId, published: boolean): Promise<void>;
}

export type Direction = 'up' | 'down';

export const arrangementOf = (outline: Pick<Outline, 'modules'>): Arrangement =>
  outline.modules.map((module) => ({ module: module.id, lessons: module.lessons.map((lesson) => lesson.id) }));

/** The order after one step; at the edge of its module a lesson goes into the next one. Undefined where there is no further step. */
export function moveLesson(order: Arrangement, lesson: LessonId, direction: Direction): Arrangement | undefined {
  const from = order.findIndex((module) => module.lessons.includes(lesson));
  const here = order[from];
  if (!here) return undefined;
  const index = here.lessons.indexOf(lesson);
  const step = direction === 'up' ? -1 : 1;
  const rest = here.lessons.filter((id) => id !== lesson);
  const inside = index + step >= 0 && index + step < here.lessons.length;
  const replace = (changes: Map<number, LessonId[]>) => order.map((module, i) => ({ ...module, lessons: changes.get(i) ?? module.lessons }));
  if (inside) return replace(new Map([[from, rest.toSpliced(index + step, 0, lesson)]]));
  const target = order[from + step];
  if (!target) return undefined;
  return replace(new Map([[from, rest], [from + step, direction === 'up' ? [...target.lessons, lesson] : [lesson, ...target.lessons]]]));
}

/** The order after the module has changed places with its neighbour; undefined at the end. */
export function moveModule(order: Arrangement, module: string, direction: Direction): Arrangement | undefined {
  const from = order.findIndex((one) => one.module === module);
  const to = from + (direction === 'up' ? -1 : 1);
  const moved = order[from];
  if (!moved || to < 0 || to >= order.length) return undefined;
  return order.toSpliced(from, 1).toSpliced(to, 0, moved);
}
