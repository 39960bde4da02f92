import { isNotebook, nameOf, parsePath } from '../../workspaces/path.ts';
import { importLimits, megabytes } from './limits.ts';
import { TURNING } from '../../text.ts';
import type { Problem } from './report.ts';
import type { Entry } from './upload.ts';

/** An entry that may be kept, with the path it gets in the course. */
export type CourseFile = { path: string; entry: Entry; notebook: boolean };

type Sorted = { name: string; files: CourseFile[]; problems: Problem[] };

/** Decides about every entry by what the upload declares, before a byte of it is unpacked. `name` suggests the course's title. */
export function sortEntries(uploadName: string, entries: Entry[]): Sorted {
  const problems: Problem[] = [];
  const files: CourseFile[] = [];
  const names = new Set(entries.map((entry) => entry.path));
  for (const entry of entries) {
    if (entry.kind === 'directory') continue;
    if (isClutter(entry.path)) continue;
    const meant = notebookName(entry.path);
    const isRenamed = meant !== undefined && !names.has(meant);
    const path = parsePath(isRenamed ? meant : entry.path);
    const turned = path.ok && TURNING.test(path.value);
    const problem = path.ok && !turned ? refusalOf(entry, path.value) : ({ severity: 'error', code: 'unsafe_path', file: printable(entry.path), say: `${path.ok ? 'Its name has a character that turns the direction of writing.' : path.refusal.say} Rename it and pack the archive again.` } as const);
    if (problem) problems.push(problem);
    else if (path.ok && isHidden(path.value)) problems.push({ severity: 'note', code: 'left_out', file: path.value, say: 'Hidden files are left out.' });
    else if (path.ok) {
      if (isRenamed) problems.push({ severity: 'note', code: 'renamed', file: printable(entry.path), say: `It is called ${nameOf(path.value)} in the course.` });
      files.push({ path: path.value, entry, notebook: isNotebook(path.value) });
    }
  }
  if (!entries.some((entry) => isNotebook(notebookName(entry.path) ?? entry.path))) problems.push({ severity: 'error', code: 'no_notebooks', say: 'There is no notebook (.ipynb) here. A course is made from notebooks.' });
  problems.push(...sizeProblems(files), ...clashes(files));
  const { folder, files: unwrapped } = unwrap(files);
  return { name: folder ?? uploadName.replace(/\.(zip|ipynb|ipynb\.(json|txt))$/i, ''), files: unwrapped, problems };
}

/** `a.ipynb` for `a.ipynb.json` and `a.ipynb.txt`, as browsers save what they take for text; undefined for every other name. */
const notebookName = (path: string): string | undefined => /^(.+\.ipynb)\.(?:json|txt)$/i.exec(path)?.[1];

function refusalOf(entry: Entry, file: string): Problem | undefined {
  const error = (code: Problem['code'], say: string): Problem => ({ severity: 'error', code, file, say });
  if (entry.kind === 'link') return error('link', 'This is a symbolic link. Put the file itself in the archive.');
  if (entry.kind === 'special') return error('special_file', 'This is a device or another special file, not something a course can hold.');
  if (entry.encrypted) return error('encrypted', 'This file is encrypted. Pack the archive without a password.');
  const limit = isNotebook(file) ? importLimits.notebookBytes : importLimits.fileBytes;
  if (entry.size > limit) return error('too_large', `This file has ${megabytes(entry.size)}; ${isNotebook(file) ? 'a notebook' : 'one file'} may have ${megabytes(limit)}.${isNotebook(file) ? ' Clear its outputs.' : ''}`);
  return undefined;
}

function sizeProblems(files: CourseFile[]): Problem[] {
  const problems: Problem[] = [];
  const bytes = files.reduce((sum, { entry }) => sum + entry.size, 0);
  if (bytes > importLimits.unpackedBytes) problems.push({ severity: 'error', code: 'too_large', say: `The files have ${megabytes(bytes)} together; a course may have ${megabytes(importLimits.unpackedBytes)}, since every learner gets a copy.` });
  const notebooks = files.filter((file) => file.notebook).length;
  if (notebooks > importLimits.lessons) problems.push({ severity: 'error', code: 'too_many', say: `There are ${notebooks} notebooks; a course may have ${importLimits.lessons}.` });
  return problems;
}

/** Two names that are one file on some disks: equal, equal but for case, or a file where another needs a folder. */
function clashes(files: CourseFile[]): Problem[] {
  const seen = new Map<string, string>();
  const folders = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { path } of files) {
    const key = path.toLowerCase();
    const earlier = seen.get(key);
    if (earlier === path) problems.push({ severity: 'error', code: 'duplicate', file: path, say: 'There are two files of this name.' });
    else if (earlier !== undefined) problems.push({ severity: 'error', code: 'case_clash', file: path, say: `Differs from ${earlier} only in capital letters, which macOS and Windows cannot tell apart. Rename one.` });
    seen.set(key, path);
    for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) folders.set(key.slice(0, end), path);
  }
  for (const [key, path] of seen) {
    const inside = folders.get(key);
    if (inside !== undefined) problems.push({ severity: 'error', code: 'duplicate', file: path, say: `This name is also a folder, with ${inside} in it.` });
  }
  return problems;
}

/** Archives made by “compress this folder” have one folder around everything; it names the course and is no module. */
function unwrap(files: CourseFile[]): { folder?: string; files: CourseFile[] } {
  const top = files[0]?.path.split('/')[0];
  if (top === undefined || !files.every(({ path }) => path.startsWith(`${top}/`))) return { files };
  return { folder: top, files: files.map((file) => ({ ...file, path: file.path.slice(top.length + 1) })) };
}

/** What operating systems and Jupyter leave in folders and nobody means to send. */
const isClutter = (path: string): boolean => /(^|\/)(__MACOSX|\.ipynb_checkpoints|__pycache__|\.git)(\/|$)/.test(path) || ['.DS_Store', 'Thumbs.db', 'desktop.ini'].includes(nameOf(path));

const isHidden = (path: string): boolean => path.split('/').some((name) => name.startsWith('.'));

/** A refused name goes into a page and a log: no control characters, and not without end. */
const printable = (path: string): string => path.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd').slice(0, 200);
