import { z } from 'zod';
import { accessTo, mayAuthor, type Access } from '../core/courses/access.ts';
import type { CourseCard, MyCourse, Outline } from '../core/courses/course.ts';
import { ok, refuse } from '../core/errors.ts';
import type { LessonId } from '../core/ids.ts';
import { token } from '../core/text.ts';
import { action } from './action.ts';
import { currentActor } from './actor.ts';
import { siteHub } from './hub.ts';

/** The start page: what there is, and for people who are signed in where they were. */
export async function landing(): Promise<{ signedIn: boolean; name?: string; mine: MyCourse[]; catalogue: CourseCard[] }> {
  const [hub, actor] = [await siteHub(), await currentActor()];
  const [catalogue, mine] = await Promise.all([hub.courses.catalogue(actor ? { for: actor.id } : {}), actor ? hub.courses.mine(actor.id) : []]);
  return { signedIn: actor !== null, name: actor?.name, mine, catalogue };
}

export type CataloguePage = { courses: (CourseCard & { mine?: MyCourse })[]; mayAuthor: boolean };

/** Every course this person may see, with how far they are. */
export async function cataloguePage(): Promise<CataloguePage> {
  const { catalogue, mine } = await landing();
  const actor = await currentActor();
  const own = new Map(mine.map((course) => [course.id, course]));
  return { courses: catalogue.map((course) => ({ ...course, mine: own.get(course.id) })), mayAuthor: actor !== null && mayAuthor(actor) };
}

export type CoursePage = {
  outline: Outline;
  signedIn: boolean;
  access: Access;
  progress: Map<LessonId, 'opened' | 'completed'>;
  /** Where this person goes on. */
  next?: { id: LessonId; slug: string; title: string };
};

/** One course as this person may see it; undefined when there is none for them. */
export async function coursePage(slug: string): Promise<CoursePage | undefined> {
  const [hub, actor] = [await siteHub(), await currentActor()];
  const outline = await hub.courses.outline(slug);
  if (!outline) return undefined;
  const access = accessTo(actor ?? undefined, actor ? await hub.courses.role(actor.id, outline.id) : undefined);
  const drafts = access === 'author' || access === 'teacher';
  if (!outline.published && !drafts) return undefined;
  const [progress, mine] = actor ? await Promise.all([hub.courses.progress(actor.id, outline.id), hub.courses.mine(actor.id)]) : [new Map(), []];
  const modules = outline.modules
    .map((module) => ({ ...module, lessons: module.lessons.filter((lesson) => drafts || lesson.published) }))
    .filter((module) => module.lessons.length > 0);
  const lessons = modules.flatMap((module) => module.lessons);
  const last = lessons.find((lesson) => lesson.slug === mine.find((course) => course.id === outline.id)?.last?.slug);
  const unfinished = last && progress.get(last.id) !== 'completed' ? last : undefined;
  const next = unfinished ?? lessons.find((lesson) => progress.get(lesson.id) !== 'completed') ?? lessons[0];
  return { outline: { ...outline, modules, lessons: lessons.length }, signedIn: actor !== null, access, progress, next };
}

/** Enrols whoever asks in a published course. Answers with the lesson to begin with. */
export const enrol = action(z.object({ course: token(200) }), async (actor, { course: slug }) => {
  const hub = await siteHub();
  const course = await hub.courses.outline(slug);
  if (!course?.published) return refuse({ code: 'not_found', say: 'There is no such course.' });
  await hub.courses.enrol(actor.id, course.id);
  return ok({ course: course.slug });
});
