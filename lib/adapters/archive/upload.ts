import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { importLimits } from '../../core/courses/import/limits.ts';
import { DamagedEntry, type Entry, type Upload, type UploadReader } from '../../core/courses/import/upload.ts';
import { ok, refuse, type Outcome, type Refusal } from '../../core/errors.ts';
import { listZip } from './zip.ts';

/** What stands in the first line of a body; the files' bytes follow in that order, end to end. */
const List = z.array(z.object({ name: z.string().min(1).max(1_024), size: z.number().int().min(0) })).min(1).max(importLimits.entries);

type Part = { name: string; size: number; start: number };

/**
 * Uploads as one body: a line of JSON `[{"name", "size"}, ...]`, then the bytes of each file. A browser makes it as one Blob
 * without reading a file, and here it goes to disk as it comes. A single `.zip` is an archive, else the files are the upload.
 */
export const makeUploadReader = (): UploadReader => ({
  async receive(body) {
    const spool = await makeSpool();
    let received: Outcome<Upload> | undefined;
    try {
      const stored = await store(body, spool);
      received = stored.ok ? await arrange(spool, stored.value) : stored;
      return received;
    } finally {
      if (!received?.ok) await spool.close();
    }
  },
});

/** A file without a name: whatever happens to this process, the disk is given back. */
async function makeSpool(): Promise<FileHandle> {
  const path = join(tmpdir(), `lectern-upload-${randomBytes(12).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}

const tooLarge: Refusal = { code: 'too_large', say: 'These files are too large for one upload.', limitBytes: importLimits.uploadBytes };

async function store(body: AsyncIterable<Uint8Array>, spool: FileHandle): Promise<Outcome<Part[]>> {
  let size = 0;
  const head: Uint8Array[] = [];
  let parts: Part[] | undefined;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > importLimits.uploadBytes) return refuse(tooLarge);
    if (parts) {
      await spool.appendFile(chunk);
      continue;
    }
    // Gathered and looked at once: the list may come byte by byte.
    const at = chunk.indexOf(0x0a);
    head.push(at < 0 ? chunk : chunk.subarray(0, at));
    if (at < 0) {
      if (size > importLimits.listBytes) break;
      continue;
    }
    parts = partsOf(Buffer.concat(head).toString('utf8'));
    if (!parts) break;
    await spool.appendFile(chunk.subarray(at + 1));
    size = chunk.length - at - 1;
  }
  if (!parts) return refuse({ code: 'invalid', say: 'This upload has no list of its files.' });
  const expected = parts.reduce((sum, part) => sum + part.size, 0);
  return expected === size ? ok(parts) : refuse({ code: 'invalid', say: 'This upload is incomplete. Try again.' });
}

function partsOf(line: string): Part[] | undefined {
  const list = List.safeParse(parse(line));
  if (!list.success) return undefined;
  let start = 0;
  return list.data.map((part) => {
    start += part.size;
    return { ...part, start: start - part.size };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function arrange(spool: FileHandle, parts: Part[]): Promise<Outcome<Upload>> {
  const first = parts[0]!;
  const close = () => spool.close();
  if (parts.length === 1 && /\.zip$/i.test(first.name)) {
    const zip = await listZip(spool.fd);
    return zip.ok ? ok({ name: first.name, ...zip.value, close }) : zip;
  }
  const known = new Map<Entry, Part>(parts.map((part) => [{ path: part.name, kind: 'file', size: part.size, encrypted: false }, part]));
  return ok({ name: parts.length === 1 ? first.name : 'New course', entries: [...known.keys()], read: (entry) => slice(spool, known.get(entry)), close });
}

async function* slice(spool: FileHandle, part: Part | undefined): AsyncIterable<Uint8Array> {
  if (!part) throw new DamagedEntry('unknown entry');
  for (let at = part.start; at < part.start + part.size; ) {
    const buffer = Buffer.alloc(Math.min(256 * 1024, part.start + part.size - at));
    const { bytesRead } = await spool.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new DamagedEntry(part.name);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
