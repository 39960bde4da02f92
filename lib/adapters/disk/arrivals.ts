import { randomBytes } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arrival, Arrivals, Arrived } from '../../core/arrivals.ts';
import { isDiskFull } from '../../core/disk.ts';

const MB = 1024 * 1024;
/** Of one body in memory; the rest lies in a file. Notebooks without outputs are smaller. */
const HELD_EACH = 256 * 1024;
/** Of all bodies in memory. When others hold it, a body goes to its file at once; nobody waits for it. */
const HELD_BYTES = 32 * MB;
/** On the disk, of one person and of all. One file may fill a workspace, which is 500 MB; k8s/base/every-program.yaml has room for all. */
const [DISK_EACH, DISK_BYTES] = [640 * MB, 2_048 * MB];
/** Bodies of one person on their way at once; JupyterLab sends what it uploads piece after piece. */
const BODIES_EACH = 32;
const READ_BYTES = 256 * 1024;

/** What keeping a piece costs beside its bytes, for a body may come byte by byte. */
const PIECE_BYTES = 128;

type Share = { bodies: number; disk: number };

/**
 * Takes bodies in before anything is done about them, so that a slow line holds no lock and no turn. Room is taken by what has
 * arrived, never by what is promised.
 */
export function makeArrivals(): Arrivals {
  const shares = new Map<string, Share>();
  let held = 0;
  let disk = 0;

  async function take(source: AsyncIterable<Uint8Array>, share: Share, done: () => void): Promise<Arrival> {
    const pieces: Uint8Array[] = [];
    const mine = { length: 0, held: 0, disk: 0 };
    let cut = false;
    let spool: FileHandle | undefined;
    const close = async () => {
      held -= mine.held;
      disk -= mine.disk;
      share.disk -= mine.disk;
      done();
      await spool?.close();
    };
    let kept = false;
    try {
      for await (const piece of heard(source, () => (cut = true))) {
        mine.length += piece.length;
        const cost = piece.length + PIECE_BYTES;
        if (!spool && mine.held + cost <= HELD_EACH && held + cost <= HELD_BYTES) {
          pieces.push(piece);
          mine.held += cost;
          held += cost;
          continue;
        }
        if (share.disk + piece.length > DISK_EACH || disk + piece.length > DISK_BYTES) return { state: 'full' };
        mine.disk += piece.length;
        share.disk += piece.length;
        disk += piece.length;
        spool ??= await makeSpool();
        await spool.appendFile(piece);
      }
      kept = true;
      return { state: 'here', body: arrived(pieces, mine.length, spool, close) };
    } catch (error) {
      if (cut) return { state: 'cut' };
      if (isDiskFull(error)) return { state: 'disk' };
      throw error;
    } finally {
      if (!kept) await close();
    }
  }

  return {
    async take(source, person) {
      const share = shares.get(person) ?? { bodies: 0, disk: 0 };
      if (share.bodies >= BODIES_EACH) return { state: 'full' };
      shares.set(person, share);
      share.bodies += 1;
      return take(source, share, () => {
        if ((share.bodies -= 1) === 0) shares.delete(person);
      });
    },
  };
}

/** The same, and says when it was the sender's side that failed. */
async function* heard(source: AsyncIterable<Uint8Array>, onCut: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    onCut();
    throw error;
  }
}

function arrived(held: Uint8Array[], length: number, spool: FileHandle | undefined, close: () => Promise<void>): Arrived {
  async function* pieces() {
    yield* held;
    let at = 0;
    while (spool) {
      const { bytesRead, buffer } = await spool.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
  return { length, pieces, close };
}

/** A file without a name: whatever happens to this process, the disk is given back. */
async function makeSpool(): Promise<FileHandle> {
  const path = join(tmpdir(), `lectern-body-${randomBytes(12).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  return file;
}
