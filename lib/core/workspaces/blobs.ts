import { RefusedError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';

export class PastLimit extends Error {
  override name = 'PastLimit';

  constructor(mostBytes: number) {
    super(`more than ${mostBytes} bytes`);
  }
}

/** New bytes are not taken now, though the workspace has room for them. */
export class Withheld extends RefusedError {
  override name = 'Withheld';
}

/** `made`: the mark of the put that made these bytes, where it was this one. */
export type Kept = { sha256: Sha256; size: number; made?: string };

/** Asked once, before bytes that nobody has are kept. What it throws `put` throws, and nothing of them is kept. */
export type Allow = (newBytes: number) => Promise<void>;

/** Content-addressed bytes. Nothing is ever changed; the same bytes are kept once. */
export interface BlobStore {
  /**
   * Keeps the bytes, durable when it resolves. Memory held is bounded, whatever the size. Their sender may say what they like of
   * their number, so nobody puts without a limit.
   * @throws PastLimit as soon as there are more than `mostBytes`; nothing of them is kept
   */
  put(bytes: AsyncIterable<Uint8Array> | Uint8Array, mostBytes: number, allow?: Allow): Promise<Kept>;
  /**
   * Takes a put back whose bytes are not used after all: they go, if it made them and neither a put since then nor anything that names
   * them needs them. It never fails; what stays is for the hourly sweep.
   */
  unput(kept: Kept): Promise<void>;
  /** The bytes in order; undefined when unknown. */
  get(sha256: Sha256): Promise<{ size: number; bytes: AsyncIterable<Uint8Array> } | undefined>;
}
