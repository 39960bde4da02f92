import { ok, refuse, type Outcome } from '../core/errors.ts';
import type { Outline } from '../core/courses/course.ts';
import type { LessonId, Sha256 } from '../core/ids.ts';
import type { PagePreparing } from '../core/lessons/preparing.ts';
import type { Sight } from '../core/lessons/sight.ts';
import { makeRemembered } from '../core/remembered.ts';
import type { Actor } from '../core/users/actor.ts';
import type { SiteHub } from '../hub.ts';
import { siteHub } from './hub.ts';
import { pacedOutcome } from './paced.ts';

type Neighbour = { id: LessonId; slug: string; title: string };

export type LessonPage = {
  id: LessonId;
  title: string;
  path: string;
  course: { slug: string; title: string };
  notebook: Outcome<Sight>;
  /** Fingerprints of outputs that came with the lesson: nobody the reader knows has run what they show. */
  foreign: Set<string>;
  editor: 'page' | 'lab';
  completed: boolean;
  outline: { title: string; lessons: (Neighbour & { state: 'none' | 'opened' | 'completed'; isHere: boolean })[] }[];
  previous?: Neighbour;
  next?: Neighbour;
};

/** By content: a lesson's is read by all its learners. Bytes of the largest one kept so, so that all together take some 40 MB at the most. */
const notebooks = makeRemembered<Outcome<Sight>>(100);
const largestKept = 200_000;
/** Larger ones take seconds to read, and what is seen of them first is bounded. */
const largeNotebooks = makeRemembered<Outcome<Sight>>(4);

/** Everything a lesson's page shows, from the database: the learner's own copy where there is one, else the lesson. Starts nothing. */
export const lessonPage = async (actor: Actor, courseSlug: string, lessonSlug: string) => lessonPageOf(await siteHub(), actor, courseSlug, lessonSlug);

export const lessonPageOf = (hub: SiteHub, actor: Actor, courseSlug: string, lessonSlug: string) => pacedOutcome(actor, 'page', () => contents(hub, actor, courseSlug, lessonSlug));

async function contents(hub: SiteHub, actor: Actor, courseSlug: string, lessonSlug: string): Promise<Outcome<LessonPage>> {
  const [found, outline] = await Promise.all([hub.lessons.bySlug(actor, courseSlug, lessonSlug), hub.courses.outline(courseSlug)]);
  if (!found.ok) return found;
  const lesson = found.value;
  if (!outline) return refuse({ code: 'not_found', say: 'There is no such course.' });
  const drafts = lesson.access === 'author' || lesson.access === 'teacher';

  const own = async () => {
    const workspace = await hub.workspaces.of(actor.id, lesson.course.id);
    if (!workspace) return undefined;
    const [file, editor] = await Promise.all([hub.workspaces.file(workspace.id, lesson.path), hub.workspaces.editor(workspace.id, lesson.path)]);
    return file?.kind === 'file' ? { sha256: file.sha256, editor } : undefined;
  };
  const [copy, progress] = await Promise.all([own(), hub.courses.progress(actor.id, lesson.course.id)]);
  const isChanged = copy !== undefined && copy.sha256 !== lesson.version.notebook;
  const [notebook, original] = await Promise.all([read(copy?.sha256 ?? lesson.version.notebook), isChanged ? read(lesson.version.notebook) : undefined]);

  const modules = outline.modules.map(({ title, lessons }) => ({ title, lessons: lessons.filter((each) => each.published || drafts) }));
  const flat = modules.flatMap(({ lessons }) => lessons);
  const here = flat.findIndex(({ id }) => id === lesson.id);
  return ok({
    id: lesson.id,
    title: lesson.title,
    path: lesson.path,
    course: { slug: lesson.course.slug, title: lesson.course.title },
    notebook,
    foreign: outputsOf(original ?? notebook),
    editor: copy?.editor ?? 'page',
    completed: progress.get(lesson.id) === 'completed',
    outline: modules.map(({ title, lessons }) => ({ title, lessons: lessons.map((each) => ({ ...neighbour(each), state: progress.get(each.id) ?? 'none', isHere: each.id === lesson.id })) })),
    previous: neighbourAt(flat, here - 1),
    next: here < 0 ? undefined : neighbourAt(flat, here + 1),
  });

  async function read(sha256: Sha256): Promise<Outcome<Sight>> {
    const known = notebooks.get(sha256) ?? largeNotebooks.get(sha256);
    if (known) return known;
    const blob = await hub.blobs.get(sha256);
    if (!blob) return refuse({ code: 'not_found', say: 'The notebook of this lesson is missing.' });
    const sight = await hub.notebooks.sight(blob.bytes, blob.size, actor.id);
    if (blob.size <= largestKept) return notebooks.keep(sha256, sight);
    // What was too much just now need not be the next time.
    return sight.ok ? largeNotebooks.keep(sha256, sight) : sight;
  }
}

type OutlineLesson = Outline['modules'][number]['lessons'][number];

const neighbour = ({ id, slug, title }: OutlineLesson): Neighbour => ({ id, slug, title });
const neighbourAt = (lessons: OutlineLesson[], i: number) => (lessons[i] ? neighbour(lessons[i]) : undefined);

const outputsOf = (notebook: Outcome<Sight>) => new Set(notebook.ok ? [...notebook.value.prints.values()].filter((print) => print !== '') : []);

/** What prepares the texts of one page for this reader. */
export const pagePreparing = async (actor: Actor): Promise<PagePreparing> => (await siteHub()).preparing.page(actor.id);

/** Marks the lesson as done, for good. */
export async function completeLesson(actor: Actor, lesson: LessonId): Promise<Outcome<undefined>> {
  const hub = await siteHub();
  const found = await hub.lessons.byId(actor, lesson);
  if (!found.ok) return found;
  await hub.courses.setProgress(actor.id, lesson, 'completed');
  return ok(undefined);
}
