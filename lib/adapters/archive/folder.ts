import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { DamagedEntry, type Entry, type Upload } from '../../core/courses/import/upload.ts';

/** A folder of this machine as an upload. Links and special files are named, so that the import refuses them. */
export async function readFolder(folder: string): Promise<Upload> {
  const entries: Entry[] = [];
  for (const found of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : found.isSymbolicLink() ? 'link' : 'special';
    entries.push({ path: relative(folder, path).split(sep).join('/'), kind, size: kind === 'file' ? (await stat(path)).size : 0, encrypted: false });
  }
  return {
    name: basename(folder),
    entries,
    async *read(entry) {
      try {
        for await (const chunk of createReadStream(join(folder, entry.path))) yield chunk as Buffer;
      } catch (cause) {
        throw new DamagedEntry(entry.path, { cause });
      }
    },
    close: async () => {},
  };
}
