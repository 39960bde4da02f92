import { ok, refuse, type Outcome } from '../../errors.ts';
import type { CourseId, UserId } from '../../ids.ts';
import type { NotebookWork } from '../../lessons/notebook-work.ts';
import type { Notebook } from '../../lessons/notebook.ts';
import { Withheld, type Allow, type BlobStore, type Kept } from '../../workspaces/blobs.ts';
import type { Budget } from '../../workspaces/budget.ts';
import type { CourseAuthoring, NewCourse } from '../authoring.ts';
import type { Asset } from '../course.ts';
import { sortEntries, type CourseFile } from './entries.ts';
import { identify } from './identify.ts';
import { importLimits } from './limits.ts';
import type { CheckedNotebook } from './notebook.ts';
import { planCourse, type CoursePlan } from './plan.ts';
import { checkReferences } from './references.ts';
import { hasErrors, listed, type ImportReport, type Problem } from './report.ts';
import { DamagedEntry, type Upload } from './upload.ts';

/** `budget`: none for the site's own courses. */
type Deps = { blobs: BlobStore; notebooks: Pick<NotebookWork, 'imported'>; budget?: Pick<Budget, 'ofImports'>; authoring: Pick<CourseAuthoring, 'create'> };

/** What is known of an upload after all of it was read once and nothing kept. */
type Checked = { report: ImportReport; plan?: CoursePlan; files: CourseFile[] };

/** Courses made from uploads. Making one into a course that exists already is not possible yet. */
export const makeCourseImport = ({ blobs, notebooks, budget, authoring }: Deps) => ({
  /** The dry run: reads everything, keeps nothing. */
  async check(upload: Upload, author: UserId): Promise<ImportReport> {
    return (await check(upload, notebooks, author)).report;
  },

  /**
   * Makes the course, unpublished. The upload is checked again first: what was shown to the author came from another request.
   * Blobs are kept before the course names them, so a crash leaves unused blobs (a refusal none) and never a course without its files.
   */
  async run(upload: Upload, author: UserId): Promise<Outcome<{ id: CourseId; slug: string; report: ImportReport }>> {
    const { report, plan, files } = await check(upload, notebooks, author);
    if (!plan) return refuse({ code: 'invalid', say: 'These files cannot become a course yet. See the problems listed.' });
    const kept = new Map<string, Kept>();
    const allow = budget?.ofImports(author);
    try {
      for (const file of files) kept.set(file.path, file.notebook ? await keepNotebook(upload, file, { blobs, notebooks }, author, allow) : await blobs.put(upload.read(file.entry), file.entry.size, allow));
    } catch (error) {
      for (const one of kept.values()) await blobs.unput(one);
      if (error instanceof Withheld) return refuse(error.refusal);
      throw error;
    }
    return ok({ ...(await authoring.create(author, toCourse(plan, kept))), report });
  },
});

async function check(upload: Upload, work: Deps['notebooks'], author: UserId): Promise<Checked> {
  const { name, files, problems } = sortEntries(upload.name, upload.entries);
  // What is over a limit by its own word is not unpacked to see what else is wrong.
  if (hasErrors(problems)) return { report: listed(problems), files };
  const notebooks = new Map<string, Notebook>();
  let readme: string | undefined;
  for (const file of files) {
    try {
      if (file.notebook) {
        const read = await checked(upload, file, work, author, 'plan');
        problems.push(...read.problems);
        if (read.state === 'good') notebooks.set(file.path, read.notebook);
      } else if (file.path.toLowerCase() === 'readme.md' && file.entry.size <= importLimits.listBytes) {
        const found = identify(file.path, await bytesOf(upload, file));
        if (found.is === 'text') readme = found.text;
      } else {
        await readThrough(upload.read(file.entry));
      }
    } catch (error) {
      problems.push(damaged(error, file.path));
    }
  }
  const paths = new Set(files.map((file) => file.path));
  for (const [path, notebook] of notebooks) problems.push(...checkReferences(path, notebook, paths));
  if (hasErrors(problems)) return { report: listed(problems), files };
  const planned = planCourse(name, notebooks, files.filter((file) => !file.notebook).map((file) => file.path), readme);
  return { report: { ...listed([...problems, ...planned.problems]), course: summary(planned.plan, files) }, plan: planned.plan, files };
}

async function readThrough(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const reading = bytes[Symbol.asyncIterator]();
  while (!(await reading.next()).done);
}

/** What the archive does wrong is the author's to know; anything else is ours. */
function damaged(error: unknown, file: string): Problem {
  if (error instanceof DamagedEntry) return { severity: 'error', code: 'damaged', file, say: 'This file cannot be unpacked; the archive is damaged here. Pack it again.' };
  throw error;
}

/** A whole small file; `sortEntries` has refused larger ones. */
async function bytesOf(upload: Upload, file: CourseFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.entry.size);
  let length = 0;
  for await (const piece of within(upload, file)) {
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}

/** Reading stops at the declared size. */
async function* within(upload: Upload, { entry }: CourseFile): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const piece of upload.read(entry)) {
    length += piece.length;
    if (length > entry.size) throw new DamagedEntry(entry.path);
    yield piece;
  }
}

async function checked(upload: Upload, file: CourseFile, work: Deps['notebooks'], author: UserId, to: 'plan' | 'keep'): Promise<CheckedNotebook> {
  const read = await work.imported(file.path, within(upload, file), file.entry.size, author, to);
  return read.ok ? read.value : { state: 'bad', problems: [{ severity: 'error', code: 'too_large', file: file.path, say: read.refusal.say }] };
}

async function keepNotebook(upload: Upload, file: CourseFile, { blobs, notebooks }: Pick<Deps, 'blobs' | 'notebooks'>, author: UserId, allow?: Allow): Promise<Kept> {
  const read = await checked(upload, file, notebooks, author, 'keep');
  if (read.state === 'bad') throw new Error(`${file.path}: good a moment ago and bad now`);
  return blobs.put(new TextEncoder().encode(read.text), 2 * importLimits.notebookBytes, allow);
}

function toCourse(plan: CoursePlan, kept: ReadonlyMap<string, Kept>): NewCourse {
  const get = (path: string): Asset => {
    const bytes = kept.get(path);
    if (!bytes) throw new Error(`${path}: planned and not kept`);
    return { path, sha256: bytes.sha256, size: bytes.size };
  };
  return {
    ...plan,
    modules: plan.modules.map((module) => ({
      ...module,
      lessons: module.lessons.map((lesson) => ({ ...lesson, notebook: get(lesson.path).sha256, assets: lesson.assets.map(get) })),
    })),
  };
}

function summary(plan: CoursePlan, files: CourseFile[]): NonNullable<ImportReport['course']> {
  return {
    title: plan.title,
    slug: plan.slug,
    summary: plan.summary,
    modules: plan.modules.map(({ title, lessons }) => ({ title, lessons: lessons.map(({ path, slug, title: lessonTitle }) => ({ path, slug, title: lessonTitle })) })),
    files: files.filter((file) => !file.notebook).length,
    bytes: files.reduce((sum, { entry }) => sum + entry.size, 0),
  };
}
