/** Bytes a second below which a transfer that is past its patience is given up: a tenth of what the slowest node's disk gives. */
const LEAST_PACE = 256 * 1024;

/** A whole deadline, that bytes really moved put off: a large file may last, a byte a second may not. */
export type Deadline = { signal: AbortSignal; moved(bytes: number): void; isOver(): boolean; end(): void };

export function makeDeadline(ms: number, pace = LEAST_PACE): Deadline {
  const ending = new AbortController();
  let at = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(() => (performance.now() < at ? wait() : ending.abort(new Error('its time was over'))), Math.max(1, at - performance.now()));
  };
  wait();
  return {
    signal: ending.signal,
    moved: (bytes) => void (at += (bytes / pace) * 1000),
    isOver: () => ending.signal.aborted,
    end: () => clearTimeout(timer),
  };
}
