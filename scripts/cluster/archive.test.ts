import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeArchive } from './archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lectern-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is in the archive: of each file, by its name, the hash of its bytes. */
async function filesIn(archive: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const reading = extract();
  reading.on('entry', (header, stream, next) => {
    const hash = createHash('sha256');
    stream.on('data', (piece) => hash.update(piece as Buffer));
    stream.on('end', () => {
      if (header.type !== 'directory') files.set(header.name, `${header.type} ${hash.digest('hex')}`);
      next();
    });
  });
  await pipeline(createReadStream(archive), reading);
  return files;
}

// Seen to fail with hard links: tar found the layer changed while it read it. And without `--dereference`: the archive held a link to nowhere.
test('many archives can be made of one layer at once, each holds its bytes, and the layer is left as it is', async () => {
  const layer = join(folder, 'layer.tar');
  const bytes = randomBytes(16 << 20);
  writeFileSync(layer, bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const { ctimeMs, nlink } = statSync(layer);
  const archives = Array.from({ length: 8 }, (_, n) => join(folder, `${n}.tar`));
  await Promise.all(archives.map((out, n) => writeArchive({ name: `localhost/image:${n}`, layers: [layer], config: { Entrypoint: ['/bin/sh'] } }, folder, out)));
  for (const archive of archives) expect((await filesIn(archive)).get(`blobs/sha256/${digest}`)).toBe(`file ${digest}`);
  expect(statSync(layer)).toMatchObject({ ctimeMs, nlink });
  expect(readdirSync(folder).filter((name) => name.startsWith('oci-')), 'what was needed meanwhile').toEqual([]);
});
