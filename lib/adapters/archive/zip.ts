import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { importLimits } from '../../core/courses/import/limits.ts';
import { DamagedEntry, type Entry } from '../../core/courses/import/upload.ts';
import { ok, refuse, type Outcome } from '../../core/errors.ts';

// What yauzl 3 has and its published types, made for 2, do not.
declare module 'yauzl' {
  interface Entry {
    fileNameRaw: Buffer;
  }
  interface ZipFile {
    eachEntry(): AsyncIterable<Entry>;
    openReadStreamPromise(entry: Entry): Promise<Readable>;
  }
  function fromFdPromise(fd: number, options: Options): Promise<ZipFile>;
  function getFileNameLowLevel(flags: number, name: Buffer, extraFields: Entry['extraFields'], strict: boolean): string;
}

export type ZipListing = { entries: Entry[]; read(entry: Entry): AsyncIterable<Uint8Array> };

/** Lists an archive by its central directory. Nothing is unpacked, and what is over the limits is refused before it is listed. */
export async function listZip(fd: number): Promise<Outcome<ZipListing>> {
  let zip: yauzl.ZipFile;
  try {
    // Names come undecoded so that one bad name is one problem in the report, and not the end of the listing.
    zip = await yauzl.fromFdPromise(fd, { autoClose: false, decodeStrings: false, validateEntrySizes: true });
  } catch (cause) {
    return refuse({ code: 'invalid', say: 'This is not a zip archive, or it is damaged.', detail: String(cause) });
  }
  if (zip.entryCount > importLimits.entries) {
    return refuse({ code: 'invalid', say: `This archive holds ${zip.entryCount} files; ${importLimits.entries} are the most.` });
  }
  const known = new Map<Entry, yauzl.Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileNameRaw.length + entry.extraFieldLength + entry.fileCommentLength > importLimits.entryHeaderBytes) {
        return refuse({ code: 'invalid', say: 'A file name or comment in this archive is too long.' });
      }
      known.set(describe(entry), entry);
    }
  } catch (cause) {
    return refuse({ code: 'invalid', say: 'The list of files in this archive is damaged. Pack it again.', detail: String(cause) });
  }
  return ok({ entries: [...known.keys()], read: (entry) => unpack(zip, known.get(entry), entry.path) });
}

const FILE_TYPE = 0o170000;
const TYPES = new Map<number, Entry['kind']>([[0, 'file'], [0o100000, 'file'], [0o040000, 'directory'], [0o120000, 'link']]);

function describe(entry: yauzl.Entry): Entry {
  const path = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  // The Unix mode is in the upper half, whatever system the archive says it was made on: unpackers differ in whom they believe.
  const kind = TYPES.get((entry.externalFileAttributes >>> 16) & FILE_TYPE) ?? 'special';
  return { path, kind: kind === 'file' && path.endsWith('/') && entry.uncompressedSize === 0 ? 'directory' : kind, size: entry.uncompressedSize, encrypted: entry.isEncrypted() };
}

async function* unpack(zip: yauzl.ZipFile, entry: yauzl.Entry | undefined, path: string): AsyncIterable<Uint8Array> {
  if (!entry) throw new DamagedEntry(path);
  let stream: Readable | undefined;
  try {
    stream = await zip.openReadStreamPromise(entry);
    // yauzl fails the stream as soon as it yields more than was declared, or ends with less.
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw new DamagedEntry(path, { cause });
  } finally {
    stream?.destroy();
  }
}
