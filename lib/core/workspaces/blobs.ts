import type { Sha256 } from '../ids.ts';

/** Content-addressed bytes. Nothing is ever changed; the same bytes are kept once. */
export interface BlobStore {
  /** Keeps the bytes, durable when it resolves. Memory held is bounded, whatever the size. */
  put(bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<{ sha256: Sha256; size: number }>;
  /** The bytes in order; undefined when unknown. */
  get(sha256: Sha256): Promise<{ size: number; bytes: AsyncIterable<Uint8Array> } | undefined>;
}
