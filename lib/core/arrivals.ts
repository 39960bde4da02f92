/** A body that is here to its last byte. `close` gives back what it took; it is called once, when nobody reads any more. */
export type Arrived = { length: number; pieces(): AsyncGenerator<Uint8Array>; close(): Promise<void> };

/** `full`: there is no room for more of this person's, or of anybody's. `cut`: the sender stopped. `disk`: the disk it waits on is full. */
export type Arrival = { state: 'here'; body: Arrived } | { state: 'full' } | { state: 'cut' } | { state: 'disk' };

export type Arrivals = {
  /** Takes a body in before anything is done about it. @param person whose it is */
  take(source: AsyncIterable<Uint8Array>, person: string): Promise<Arrival>;
};
