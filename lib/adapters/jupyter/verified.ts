import { createHash } from 'node:crypto';
import { UpstreamError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { Deadline } from './deadline.ts';

/** The same bytes; throws as soon as they are more than announced, and at their end when they are not those: the file changed while it was read. */
export async function* verified(bytes: AsyncIterable<Uint8Array>, { size, sha256 }: { size: number; sha256: Sha256 }, deadline: Deadline): AsyncGenerator<Uint8Array> {
  const changed = () => new UpstreamError('jupyter', 'read a file: it changed meanwhile');
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of bytes) {
      deadline.moved(chunk.length);
      if ((length += chunk.length) > size) throw changed();
      hash.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof UpstreamError ? cause : new UpstreamError('jupyter', 'read a file', cause);
  } finally {
    deadline.end();
  }
  if (length !== size || hash.digest('hex') !== sha256) throw changed();
}
