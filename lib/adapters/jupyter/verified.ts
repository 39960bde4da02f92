import { createHash } from 'node:crypto';
import { UpstreamError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';

/** The same bytes; throws at their end when they are not those announced: the file changed while it was read. */
export async function* verified(bytes: AsyncIterable<Uint8Array>, sha256: Sha256): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    throw new UpstreamError('jupyter', 'read a file', cause);
  }
  if (hash.digest('hex') !== sha256) throw new UpstreamError('jupyter', 'read a file: it changed meanwhile');
}
