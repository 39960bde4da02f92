import type { Shortfall } from './shortfall.ts';
import type { Epoch } from './store.ts';

/**
 * Who leads. One row, decided by the database's clock: a leader that stops renewing, for whatever reason, is followed by
 * another within the lease's time, and its epoch is dead from then on.
 */
export interface Lease {
  /** Begins a new epoch if nobody holds the lease; undefined while somebody does. */
  acquire(): Promise<Epoch | undefined>;
  /** False once the lease is somebody else's or has run out. */
  renew(epoch: Epoch): Promise<boolean>;
  /**
   * Asked right before each effect outside the database: whether the epoch leads, by an answer that is still good when
   * it arrives. A process that was paused while it asked is told false.
   */
  confirm(epoch: Epoch): Promise<boolean>;
  /** What servers lack under this leader, told to admins until a leader says otherwise. False when the epoch is over. */
  report(epoch: Epoch, shortfalls: Shortfall[]): Promise<boolean>;
  /** Lets the next one lead at once. */
  release(epoch: Epoch): Promise<void>;
  /** The database's time, carried on by a clock that never jumps since it was last heard. */
  now(): Date;
}
