import { once } from 'node:events';
import { pack, type Pack } from 'tar-stream';
import type { PutBackFile } from '../../core/servers/jupyter.ts';

/** The files as a tar stream, made while it is read. */
export function packed(files: AsyncIterable<PutBackFile>): AsyncIterable<Uint8Array> {
  const archive = pack();
  // Who reads it is told by the reading. As an event nobody hears, a connection that broke in mid-upload would end the program.
  archive.on('error', () => undefined);
  fill(archive, files).catch((error: Error) => archive.destroy(error));
  return archive as AsyncIterable<Uint8Array>;
}

async function fill(archive: Pack, files: AsyncIterable<PutBackFile>): Promise<void> {
  for await (const file of files) {
    if ('directory' in file) {
      archive.entry({ name: file.path, type: 'directory' });
      continue;
    }
    let written: (error?: Error | null) => void = () => undefined;
    const done = new Promise<void>((resolve, reject) => {
      written = (error) => (error ? reject(error) : resolve());
    });
    done.catch(() => undefined);
    const entry = archive.entry({ name: file.path, size: file.size }, (error) => written(error));
    entry.on('error', () => undefined);
    for await (const chunk of file.bytes) if (!entry.write(chunk)) await Promise.race([once(entry, 'drain'), done]);
    entry.end(null);
    await done;
  }
  archive.finalize();
}
