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

/** A course of one learner: where to go on, and how much is done. */
export type MyCourse = CourseCard & { role: CourseRole; completed: number; last?: { id: LessonId; slug: string; title: string } };

/** Courses as learners meet them. Authoring is `CourseAuthoring`. Who may see what is decided in access.ts. */
export interface CourseStore {
  /** Published courses, and with `for` also the unpublished ones that user teaches. */
  catalogue(options?: { for?: UserId }): Promise<CourseCard[]>;
  outline(slug: string): Promise<Outline | undefined>;
  /**
   * With `drafts`, what is not published yet too: the newest version where none is. Without, only a published lesson of a
   * published course.
   */
  lesson(courseSlug: string, lessonSlug: string, options?: { drafts: boolean }): Promise<LessonContent | undefined>;
  lessonById(id: LessonId, options?: { drafts: boolean }): Promise<LessonContent | undefined>;
  role(user: UserId, course: CourseId): Promise<CourseRole | undefined>;
  enrol(user: UserId, course: CourseId): Promise<void>;
  progress(user: UserId, course: CourseId): Promise<Map<LessonId, 'opened' | 'completed'>>;
  /** 'completed' stays, whatever is opened later. */
  setProgress(user: UserId, lesson: LessonId, state: 'opened' | 'completed'): Promise<void>;
  /** Courses the user is enrolled in with how far they are, the one last worked on first. */
  mine(user: UserId): Promise<MyCourse[]>;
}
