import type { DiskEntry, Listing } from '../servers/jupyter.ts';
import { folderOf, nameOf, parsePath } from './path.ts';
import type { ManifestEntry, WorkspaceFile } from './store.ts';

/** What brings workspace and disk together again at one path. `disk` is the name there, which may not be in NFC. */
export type Action =
  /** Disk and workspace agree already; only the manifest does not know. */
  | { do: 'adopt'; path: string; revision: number; disk: DiskEntry }
  /** Written on the disk only: becomes the next revision after `ifRevision` (0: a new file). */
  | { do: 'commit'; path: string; disk: DiskEntry & { kind: 'file' }; ifRevision: number }
  | { do: 'make-directory'; path: string }
  /** Written on both sides: the workspace's stays, the disk's becomes the file `copy` beside it. */
  | { do: 'keep-both'; path: string; disk: DiskEntry & { kind: 'file' }; copy: string }
  /** Gone from the disk and not changed since in the workspace. */
  | { do: 'delete'; path: string; revision: number }
  /** Changed in the workspace only. */
  | { do: 'put'; path: string }
  /** Deleted in the workspace and not changed since on the disk. */
  | { do: 'remove'; path: string; disk: DiskEntry }
  /** Gone from both. */
  | { do: 'forget'; path: string }
  /** Cannot be kept under its name, or a folder stands where a file should. */
  | { do: 'skip'; path: string; why: 'name' | 'twice' | 'kind' };

/** Deletions come before what may take their place, and what is put or removed on the disk comes last. */
const ORDER: Action['do'][] = ['delete', 'make-directory', 'commit', 'keep-both', 'adopt', 'put', 'remove', 'forget', 'skip'];

/**
 * Compares three accounts of a workspace's files: what was last put on or seen on the disk (manifest), what is on the disk
 * now, and the newest revisions. The manifest, not the newest revision, says what the disk was: a file the disk lacks is
 * deleted only if it was there before and the listing is complete. The manifest must be older than the listing.
 */
export function compare(manifest: ReadonlyMap<string, ManifestEntry>, listing: Listing, files: WorkspaceFile[], now: Date): Action[] {
  const actions: Action[] = [];
  const disk = new Map<string, DiskEntry>();
  for (const entry of listing.entries) {
    const path = parsePath(entry.path);
    if (!path.ok) actions.push({ do: 'skip', path: entry.path, why: 'name' });
    else if (disk.has(path.value)) actions.push({ do: 'skip', path: entry.path, why: 'twice' });
    else disk.set(path.value, entry);
  }
  const newest = new Map(files.map((file) => [file.path, file]));
  const taken = new Set([...disk.keys(), ...newest.keys()]);
  const copyOf = (path: string) => {
    const copy = conflictName(path, now, taken);
    taken.add(copy);
    return copy;
  };
  for (const path of new Set([...manifest.keys(), ...disk.keys(), ...newest.keys()])) {
    const action = decide(path, manifest.get(path), disk.get(path), newest.get(path), listing.complete, copyOf);
    if (action) actions.push(action);
  }
  return keepFull(actions, disk).sort((a, b) => ORDER.indexOf(a.do) - ORDER.indexOf(b.do));
}

function decide(path: string, known: ManifestEntry | undefined, disk: DiskEntry | undefined, file: WorkspaceFile | undefined, complete: boolean, copyOf: (path: string) => string): Action | undefined {
  if (!disk) {
    if (!complete) return undefined;
    if (!file) return { do: 'forget', path };
    return known?.revision === file.revision ? { do: 'delete', path, revision: file.revision } : { do: 'put', path };
  }
  const unmoved = known !== undefined && file?.revision === known.revision;
  if (disk.kind === 'directory') {
    if (file?.kind === 'directory') return unmoved ? undefined : { do: 'adopt', path, revision: file.revision, disk };
    if (file) return unmoved ? { do: 'delete', path, revision: file.revision } : { do: 'skip', path, why: 'kind' };
    return known && !known.sha256 ? { do: 'remove', path, disk } : { do: 'make-directory', path };
  }
  if (file?.kind === 'file' && file.sha256 === disk.sha256) return unmoved && known.sha256 === disk.sha256 ? undefined : { do: 'adopt', path, revision: file.revision, disk };
  const untouched = known !== undefined && known.sha256 === disk.sha256;
  if (!file) return untouched ? { do: 'remove', path, disk } : { do: 'commit', path, disk, ifRevision: 0 };
  if (untouched) return unmoved ? undefined : { do: 'put', path };
  return unmoved ? { do: 'commit', path, disk, ifRevision: file.revision } : { do: 'keep-both', path, disk, copy: copyOf(path) };
}

/** A folder deleted in the workspace goes from the disk only if nothing that stays lies in it. */
function keepFull(actions: Action[], disk: ReadonlyMap<string, DiskEntry>): Action[] {
  const going = new Set(actions.flatMap((action) => (action.do === 'remove' ? [action.path] : [])));
  const staying = [...disk.keys()].filter((path) => !going.has(path));
  return actions.map((action) =>
    action.do === 'remove' && action.disk.kind === 'directory' && staying.some((path) => path.startsWith(`${action.path}/`)) ? { do: 'make-directory', path: action.path } : action,
  );
}

/** `notes (from the server 2026-11-23 0445).txt`, with a number where that is taken, and short enough for a disk. */
export function conflictName(path: string, now: Date, taken: ReadonlySet<string>): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length;
  const extension = atMost(name.slice(dot), 40);
  const stamp = now.toISOString().slice(0, 16).replace('T', ' ').replace(':', '');
  const base = atMost(name.slice(0, dot), 180);
  for (let count = 1; ; count += 1) {
    const copy = `${base} (from the server ${stamp}${count > 1 ? ` ${count}` : ''})${extension}`;
    const whole = folderOf(path) ? `${folderOf(path)}/${copy}` : copy;
    if (!taken.has(whole)) return whole;
  }
}

/** The longest beginning of whole characters that fits in so many bytes of UTF-8. */
function atMost(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text) {
    left -= new TextEncoder().encode(character).length;
    if (left < 0) break;
    kept += character;
  }
  return kept;
}
