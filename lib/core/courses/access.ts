import { ok, refuse, type Outcome } from '../errors.ts';
import type { Actor, CourseRole } from '../users/actor.ts';
import type { CourseStore, LessonContent } from './course.ts';

/** How a person meets a course: `teacher` sees drafts, `reader` has not enrolled yet. */
export type Access = 'author' | 'teacher' | 'learner' | 'reader';

/** What a site role and a course role add up to. An admin may do everything an author may. */
export function accessTo(actor: Pick<Actor, 'role'> | undefined, courseRole: CourseRole | undefined): Access {
  if (actor?.role === 'admin') return 'author';
  switch (courseRole) {
    case 'instructor':
      return 'author';
    case 'assistant':
      return 'teacher';
    case 'learner':
      return 'learner';
    case undefined:
      return 'reader';
  }
}

/** Whether a person may make courses at all. */
export const mayAuthor = (actor: Pick<Actor, 'role'>): boolean => actor.role === 'instructor' || actor.role === 'admin';

const seesDrafts = (access: Access) => access === 'author' || access === 'teacher';

type Deps = { courses: Pick<CourseStore, 'lesson' | 'lessonById' | 'role'> };

/**
 * The lesson as this person may see it: published for enrolled learners, drafts too for those who teach the course.
 * What a person may not see and what is not there get the same answer, so that nobody can find drafts by guessing.
 */
export const makeLessonAccess = ({ courses }: Deps) => {
  async function permit(actor: Actor | undefined, find: (options: { drafts: boolean }) => Promise<LessonContent | undefined>): Promise<Outcome<LessonContent & { access: Access }>> {
    const draft = await find({ drafts: true });
    if (!draft) return refuse({ code: 'not_found', say: 'There is no such lesson.' });
    const access = accessTo(actor, actor && (await courses.role(actor.id, draft.course.id)));
    if (seesDrafts(access)) return ok({ ...draft, access });
    const lesson = await find({ drafts: false });
    if (!lesson) return refuse({ code: 'not_found', say: 'There is no such lesson.' });
    if (!actor) return refuse({ code: 'unauthenticated', say: 'Sign in to open this lesson.' });
    if (access === 'reader') return refuse({ code: 'forbidden', say: 'Enrol in the course to open its lessons.' });
    return ok({ ...lesson, access });
  }
  return {
    bySlug: (actor: Actor | undefined, course: string, lesson: string) => permit(actor, (options) => courses.lesson(course, lesson, options)),
    byId: (actor: Actor | undefined, id: LessonContent['id']) => permit(actor, (options) => courses.lessonById(id, options)),
  };
};
