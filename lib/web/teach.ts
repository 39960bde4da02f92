import { notFound } from 'next/navigation';
import { z } from 'zod';
import { accessTo, mayAuthor } from '../core/courses/access.ts';
import { arrangementOf, moveLesson, moveModule, type Arrangement } from '../core/courses/authoring.ts';
import type { CourseCard, Outline } from '../core/courses/course.ts';
import { isSlug } from '../core/courses/slug.ts';
import { ok, refuse, type Outcome } from '../core/errors.ts';
import type { LessonId } from '../core/ids.ts';
import type { CourseProfile } from '../core/servers/offer.ts';
import { id, line, lines, token } from '../core/text.ts';
import type { Actor } from '../core/users/actor.ts';
import { action } from './action.ts';
import { actorOrSignIn } from './actor.ts';
import { siteHub } from './hub.ts';

/** Courses this person makes. Who may make none and teaches none has no such page. */
export async function teachPage(): Promise<{ courses: CourseCard[]; mayAuthor: boolean }> {
  const actor = await actorOrSignIn('/teach');
  const { authoring } = await siteHub();
  const courses = await authoring.taught(actor.role === 'admin' ? 'all' : actor.id);
  if (!mayAuthor(actor) && courses.length === 0) notFound();
  return { courses, mayAuthor: mayAuthor(actor) };
}

/** For the upload page: only who may make courses gets it. */
export async function requireAuthor(): Promise<void> {
  if (!mayAuthor(await actorOrSignIn('/teach/new'))) notFound();
}

/** One course to be edited by this person, and the servers it may have. `isAdmin`: who lets instructors choose. */
export async function teachCoursePage(slug: string): Promise<Outline & { servers: CourseProfile; isAdmin: boolean }> {
  const actor = await actorOrSignIn(`/teach/${slug}`);
  const course = await authored(actor, slug);
  if (!course.ok) notFound();
  const { courseProfiles } = await siteHub();
  return { ...course.value, servers: await courseProfiles.of(actor, course.value.id), isAdmin: actor.role === 'admin' };
}

/** The course, if this person may change it. What is not theirs and what is not there get the same answer. */
async function authored(actor: Actor, slug: string): Promise<Outcome<Outline>> {
  const { courses } = await siteHub();
  const outline = await courses.outline(slug);
  const access = outline && accessTo(actor, await courses.role(actor.id, outline.id));
  return outline && access === 'author' ? ok(outline) : refuse({ code: 'not_found', say: 'There is no such course of yours.' });
}

const title = line({ most: 120, empty: 'Give it a title.' });
const course = token(200);
const direction = z.enum(['up', 'down']);

/** An action on one course of the person's own. */
function courseAction<S extends z.ZodType<{ course: string }>, T>(schema: S, run: (outline: Outline, input: z.output<S>, actor: Actor) => Promise<Outcome<T>>) {
  return action(schema, async (actor, input) => {
    const found = await authored(actor, input.course);
    return found.ok ? run(found.value, input, actor) : found;
  });
}

export const editCourse = courseAction(
  z.object({
    course,
    title,
    summary: lines({ most: 400 }),
    slug: line({ most: 60 }).refine(isSlug, 'Small letters a-z, digits and single hyphens, at most 60 characters.'),
  }),
  async (outline, { title: newTitle, summary, slug }) => {
    const { authoring } = await siteHub();
    const edited = await authoring.edit(outline.id, { title: newTitle, summary, slug });
    if (edited === 'slug_taken') return refuse({ code: 'invalid', say: 'That address is taken.', fields: { slug: ['Another course has this address.'] } });
    return ok({ slug });
  },
);

export const chooseServers = courseAction(z.object({ course, profile: token(100) }), async (outline, { profile }, actor) => (await siteHub()).courseProfiles.choose(actor, outline.id, profile));

export const renameModule = courseAction(z.object({ course, module: id(), title }), async (outline, input) => {
  await (await siteHub()).authoring.renameModule(outline.id, input.module, input.title);
  return ok(null);
});

export const renameLesson = courseAction(z.object({ course, lesson: id<LessonId>(), title }), async (outline, input) => {
  await (await siteHub()).authoring.renameLesson(outline.id, input.lesson, input.title);
  return ok(null);
});

export const shiftLesson = courseAction(z.object({ course, lesson: id<LessonId>(), direction }), (outline, input) =>
  arrange(outline, moveLesson(arrangementOf(outline), input.lesson, input.direction)),
);

export const shiftModule = courseAction(z.object({ course, module: id(), direction }), (outline, input) => arrange(outline, moveModule(arrangementOf(outline), input.module, input.direction)));

async function arrange(outline: Outline, order: Arrangement | undefined): Promise<Outcome<null>> {
  if (!order) return ok(null);
  const done = await (await siteHub()).authoring.arrange(outline.id, order);
  return done === 'arranged' ? ok(null) : refuse({ code: 'locked', say: 'Someone else changed this course just now. Look again.' });
}

export const removeLesson = courseAction(z.object({ course, lesson: id<LessonId>() }), async (outline, input) => {
  await (await siteHub()).authoring.removeLesson(outline.id, input.lesson);
  return ok(null);
});

export const setPublished = courseAction(z.object({ course, published: z.boolean() }), async (outline, { published }) => {
  if (published && outline.lessons === 0) return refuse({ code: 'invalid', say: 'A course without lessons cannot be published.' });
  await (await siteHub()).authoring.setPublished(outline.id, published);
  return ok(null);
});
