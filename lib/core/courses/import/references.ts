import type { Notebook } from '../../lessons/notebook.ts';
import { folderOf } from '../../workspaces/path.ts';
import { withoutFences } from './plan.ts';
import type { Problem } from './report.ts';

type Reference = { target: string; embedded: boolean };

/** Warns of everything a notebook points at that learners would not find. `files` are all paths of the course. */
export function checkReferences(file: string, notebook: Notebook, files: ReadonlySet<string>): Problem[] {
  const byLowerCase = new Map([...files].map((path) => [path.toLowerCase(), path]));
  const problems: Problem[] = [];
  notebook.cells.forEach((cell, index) => {
    const found = cell.type === 'markdown' ? proseReferences(cell.source) : cell.type === 'code' ? codeReferences(cell.source) : [];
    const told = new Set<string>();
    for (const { target, embedded } of found) {
      if (told.has(target)) continue;
      told.add(target);
      const problem = judge(target, embedded, folderOf(file), files, byLowerCase);
      if (problem) problems.push({ severity: 'warning', file, cell: index + 1, ...problem });
    }
  });
  return problems;
}

function judge(target: string, embedded: boolean, folder: string, files: ReadonlySet<string>, byLowerCase: ReadonlyMap<string, string>): Pick<Problem, 'code' | 'say'> | undefined {
  const short = target.slice(0, 120);
  if (/^https?:\/\/(localhost|127\.|0\.0\.0\.0|\[::1\])/i.test(target)) return { code: 'absolute_link', say: `“${short}” points at the author's own computer.` };
  if (/^(https?:)?\/\//i.test(target)) return embedded ? { code: 'remote_image', say: `“${short}” is on another site and will not be shown. Put the file beside the notebook.` } : undefined;
  if (/^file:|^[a-z]:[\\/]|^\\\\|^~\//i.test(target) || target.startsWith('/')) return { code: 'absolute_link', say: `“${short}” is an absolute path, which exists on no learner's server. Use a path relative to the notebook.` };
  if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('#')) return undefined;
  const path = resolve(folder, target);
  if (path === undefined) return { code: 'missing_file', say: `“${short}” points outside the course.` };
  if (path === '' || files.has(path) || isFolder(path, files)) return undefined;
  const similar = byLowerCase.get(path.toLowerCase());
  if (similar !== undefined) return { code: 'missing_file', say: `“${short}” is not there, but ${similar} is: capital letters count on servers.` };
  return { code: 'missing_file', say: `“${short}” is not among the uploaded files.` };
}

function isFolder(path: string, files: ReadonlySet<string>): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  for (const file of files) if (file.startsWith(prefix)) return true;
  return false;
}

/** The path from the course's root; undefined when it leaves it. */
function resolve(folder: string, target: string): string | undefined {
  const names = folder === '' ? [] : folder.split('/');
  for (const name of decoded(target.replace(/[?#].*$/s, '')).split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/').normalize('NFC');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Every pattern has bounded repetitions: what strangers wrote must not make one quadratic.
function proseReferences(source: string): Reference[] {
  const prose = withoutCode(source);
  const found: Reference[] = [];
  for (const match of prose.matchAll(/\]\(\s{0,3}<?([^)\s>]{1,500})/g)) {
    const label = prose.slice(Math.max(0, match.index - 300), match.index);
    found.push({ target: match[1]!, embedded: label[label.lastIndexOf('[') - 1] === '!' });
  }
  for (const match of prose.matchAll(/\]:\s{1,3}<?([^\s>]{1,500})/g)) found.push({ target: match[1]!, embedded: false });
  for (const match of prose.matchAll(/\b(src|href|poster)\s{0,3}=\s{0,3}(?:"([^"]{1,500})"|'([^']{1,500})')/gi)) {
    found.push({ target: (match[2] ?? match[3])!, embedded: match[1]!.toLowerCase() !== 'href' });
  }
  return found;
}

/** Prose without fenced and inline code, where a path is only an example. */
const withoutCode = (source: string): string => withoutFences(source).replace(/`[^`\n]{1,300}`/g, '');

/** Calls that read a file named in the call itself. What is opened for writing is made by the lesson. */
function codeReferences(source: string): Reference[] {
  const calls = source.matchAll(/\b(read_[a-z]{1,20}|imread|loadtxt|genfromtxt|open|Image|Video|Audio)\(\s{0,20}(?:filename\s{0,3}=\s{0,3})?["']([^"'\n]{1,300}\.[A-Za-z0-9]{1,8})["']([^)\n]{0,100})/g);
  return [...calls].flatMap((match) => (match[1] === 'open' && /^\s{0,3},\s{0,3}(?:mode\s{0,3}=\s{0,3})?["'][rbt]{0,2}[wax+]/.test(match[3] ?? '') ? [] : [{ target: match[2]!, embedded: false }]));
}
