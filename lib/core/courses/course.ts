import type { CourseId, LessonId, Sha256, UserId } from '../ids.ts';
import type { CourseRole } from '../users/actor.ts';

export type CourseCard = { id: CourseId; slug: string; title: string; summary: string; lessons: number; published: boolean };

export type Outline = CourseCard & { modules: { id: string; title: string; lessons: { id: LessonId; slug: string; title: string; path: string; published: boolean }[] }[] };

export type Asset = { path: string; sha256: Sha256; size: number };

/** The published state of a lesson. Paths are from the workspace's root. */
export type LessonContent = {
  id: LessonId;
  course: { id: CourseId; slug: string; title: string };
  slug: string;
  title: string;
  path: string;
  version: { id: string; number: number; notebook: Sha256; assets: Asset[] };
};

/** Courses as learners meet them. Authoring is `CourseAuthoring`. */
export interface CourseStore {
  /** Published courses, and with `for` also the unpublished ones that user teaches. */
  catalogue(options?: { for?: UserId }): Promise<CourseCard[]>;
  outline(slug: string): Promise<Outline | undefined>;
  lesson(courseSlug: string, lessonSlug: string): Promise<LessonContent | undefined>;
  lessonById(id: LessonId): Promise<LessonContent | undefined>;
  role(user: UserId, course: CourseId): Promise<CourseRole | undefined>;
  enrol(user: UserId, course: CourseId): Promise<void>;
  progress(user: UserId, course: CourseId): Promise<Map<LessonId, 'opened' | 'completed'>>;
  setProgress(user: UserId, lesson: LessonId, state: 'opened' | 'completed'): Promise<void>;
}
