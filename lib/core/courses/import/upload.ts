import type { Outcome } from '../../errors.ts';

/** One file as an upload names it. Nothing about it is checked yet. */
export type Entry = {
  path: string;
  kind: 'file' | 'directory' | 'link' | 'special';
  /** As declared; reading yields exactly so many bytes or fails. */
  size: number;
  encrypted: boolean;
};

/** Files somebody sent, readable in any order until `close`, which gives back every byte of disk. */
export interface Upload {
  /** What it was called on the sender's disk. */
  name: string;
  entries: Entry[];
  /** @throws DamagedEntry while reading, when the bytes are not what was declared */
  read(entry: Entry): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** The sender's archive is broken at this file. */
export class DamagedEntry extends Error {
  override name = 'DamagedEntry';
}

/** Takes a body as it comes, whatever its size, and refuses what is over the limits. Memory held is bounded. */
export interface UploadReader {
  receive(body: AsyncIterable<Uint8Array>): Promise<Outcome<Upload>>;
}
