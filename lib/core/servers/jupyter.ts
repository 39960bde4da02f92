import { UpstreamError } from '../errors.ts';
import type { Sha256 } from '../ids.ts';
import type { ServerSecrets } from './spawner.ts';
import type { Address, ServerRef } from './server.ts';

/** All that is needed to speak to a server: who it must be, where, and its secrets. */
export type Access = { ref: ServerRef; address: Address; secrets: ServerSecrets };

/** A file or folder as it lies on a server's disk, by `lstat`; nothing but these two kinds is ever listed. Paths use `/` and have no leading one. */
export type DiskEntry = { kind: 'file'; path: string; size: number; sha256: Sha256; modifiedMs: number } | { kind: 'directory'; path: string };

/** `complete` is false when the walk hit its cap or an error: nothing may be inferred from what is missing. */
export type Listing = { entries: DiskEntry[]; complete: boolean };

export type PutBackFile = { path: string; size: number; bytes: AsyncIterable<Uint8Array> } | { path: string; directory: true };

/** `written`: hashes as they lie on the disk. `refused`: files and folders that were left out; the rest is there. */
export type PutBackResult = { written: Map<string, Sha256>; refused: { path: string; why: 'disk-full' | 'denied' | 'in-the-way' }[] };

export type KernelState = { kernelId: string; path?: string; state: 'idle' | 'busy' | 'starting' | 'dead'; waitingForInput: boolean };

/** Times are milliseconds of the server's clock, to be compared with each other only. */
export type ServerStatus = { nowMs: number; lastInputMs: number; lastBusyMs: number; kernels: KernelState[]; terminals: number; diskUsedBytes: number; diskSizeBytes: number; /** Of a container, where it sees it. */ memoryUsedBytes?: number };

/** Pushed by the server: `executed` at the end of each execution, `input` at most every 10 s while a person is typing or running. */
export type ServerEvent = { kind: 'executed'; kernelId: string; path?: string } | { kind: 'busy'; kernelId: string } | { kind: 'input' } | { kind: 'kernel-died'; kernelId: string; path?: string };

/** A file that has more bytes than its reader would take; none of them was taken. */
export class LargerThanAsked extends UpstreamError {
  override name = 'LargerThanAsked';
  readonly size: number;

  constructor(size: number) {
    super('jupyter', 'read a file: it is larger than was asked for');
    this.size = size;
  }
}

/**
 * The notebook environment's server extension, seen from our side. Every failure to reach it is an UpstreamError('jupyter'). What it says is
 * a stranger's: each reply has a limit in bytes and a whole deadline, and one that is too long or of another shape is a BrokenProtocol.
 */
export interface Jupyter {
  /** Whether what answers at the address is that very server and generation; 'absent' when nothing answers. Never sends a secret. */
  prove(access: Access): Promise<'proven' | 'other' | 'absent'>;
  /** Writes files below the server's root, whole or not at all each. Never follows a link. */
  putBack(access: Access, files: AsyncIterable<PutBackFile>): Promise<PutBackResult>;
  remove(access: Access, paths: string[]): Promise<void>;
  list(access: Access): Promise<Listing>;
  /** Streams one file; undefined when it is not there or not a regular file inside the root. @throws LargerThanAsked before its first byte */
  read(access: Access, path: string, mostBytes: number): Promise<{ size: number; sha256: Sha256; bytes: AsyncIterable<Uint8Array> } | undefined>;
  /**
   * The notebook's session and kernel: the one it has, else the warm kernel moved into the notebook's folder, else a new one
   * started there. Safe to call twice, also at once.
   */
  openSession(access: Access, path: string): Promise<{ sessionId: string; kernelId: string }>;
  status(access: Access): Promise<ServerStatus>;
  /** Ends when the server goes or the signal aborts. */
  events(access: Access, signal: AbortSignal): AsyncIterable<ServerEvent>;
}
