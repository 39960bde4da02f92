import { ok, refuse, type Outcome } from '../errors.ts';

/** Bytes of UTF-8: what Linux allows one name, and a bound of ours on the whole. */
const NAME_BYTES = 255;
const PATH_BYTES = 1024;
const DEPTH = 32;

const bytes = (text: string) => new TextEncoder().encode(text).length;

/**
 * A path of a workspace in its one written form: NFC, `/` between names, none leading. Refused are what would leave the
 * workspace or cannot be a file on every disk it may meet: `.`, `..` and empty names, control characters, `\` (a folder
 * elsewhere), text that is no UTF-8, and names or paths too long for a disk.
 */
export function parsePath(raw: string): Outcome<string> {
  const invalid = (say: string) => refuse({ code: 'invalid', say });
  if (!raw.isWellFormed()) return invalid('That file name is not valid text.');
  const path = raw.normalize('NFC');
  if (path === '' || path.startsWith('/') || path.endsWith('/')) return invalid('A path names a file inside your files, without a leading or trailing slash.');
  // Controls (C0, DEL, C1) would end up in headers, terminals and logs.
  if (/[\u0000-\u001f\u007f-\u009f\\]/.test(path)) return invalid('A file name cannot hold control characters or a backslash.');
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..')) return invalid('A path cannot hold empty names, “.” or “..”.');
  if (names.length > DEPTH || bytes(path) > PATH_BYTES || names.some((name) => bytes(name) > NAME_BYTES)) return invalid('That path is too long.');
  return ok(path);
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder a path lies in; '' for the workspace's root. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Every folder above the path, outermost first. */
export const foldersAbove = (path: string): string[] =>
  path.split('/').slice(0, -1).map((_, index, names) => names.slice(0, index + 1).join('/'));

export const isNotebook = (path: string): boolean => path.toLowerCase().endsWith('.ipynb');
