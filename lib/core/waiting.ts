/** Resolves after the time, or at once when the signal aborts. */
export const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });

/** What the work answers, or an error after the time. The work itself is not ended: whatever it does must be safe to do again. */
export async function within<T>(ms: number, doing: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${doing} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the work answers within the time, else undefined. The work goes on. */
export async function soon<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Many rings while nobody waits are one: the next wait ends at once. */
export function makeBell() {
  let rung = false;
  let answer = () => {};
  return {
    ring() {
      rung = true;
      answer();
    },
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      if (!rung) {
        const woken = new AbortController();
        answer = () => woken.abort();
        await pause(ms, AbortSignal.any([signal, woken.signal]));
      }
      rung = false;
    },
  };
}

/** At most so many of the given works at once; the rest wait their turn. */
export function makeTurnstile(most: number) {
  let inside = 0;
  const queue: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (inside >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else inside++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      if (next) next();
      else inside--;
    }
  };
}

/** A turnstile for each key, so that whoever is stuck with all of theirs holds up themselves alone. */
export function makeTurnstiles(most: number) {
  const turns = new Map<string, { turn: ReturnType<typeof makeTurnstile>; asking: number }>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const mine = turns.get(key) ?? { turn: makeTurnstile(most), asking: 0 };
    turns.set(key, mine);
    mine.asking++;
    try {
      return await mine.turn(work);
    } finally {
      if (--mine.asking === 0) turns.delete(key);
    }
  };
}

/**
 * One run of the work for all who ask meanwhile: whoever asks gets the answer of a run that begins after that, never of one under way.
 * A run that takes longer than `patienceMs` no longer holds up the next one.
 */
export function together<T>(work: () => Promise<T>, patienceMs = 1_000): () => Promise<T> {
  let free: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () =>
    (next ??= (async () => {
      await free;
      next = undefined;
      const running = work();
      free = within(patienceMs, 'a shared run', running).catch(() => undefined);
      return running;
    })());
}

/** `together` for questions about one thing each: one run answers all that were asked meanwhile, in their order. */
export function gathered<Asked, Answer>(work: (all: Asked[]) => Promise<Answer[]>, patienceMs?: number): (one: Asked) => Promise<Answer> {
  const waiting: Asked[] = [];
  const run = together(() => work(waiting.splice(0)), patienceMs);
  return async (one) => {
    const at = waiting.push(one) - 1;
    return (await run())[at]!;
  };
}

/** Per key: how long to leave it alone after failures, twice as long each time. */
export function makeBackOff(firstMs: number, mostMs: number, clock: () => number = () => performance.now()) {
  const failed = new Map<string, { times: number; until: number }>();
  return {
    resting: (key: string) => (failed.get(key)?.until ?? 0) > clock(),
    fail(key: string) {
      const times = (failed.get(key)?.times ?? 0) + 1;
      failed.set(key, { times, until: clock() + Math.min(firstMs * 2 ** (times - 1), mostMs) });
    },
    succeed: (key: string) => void failed.delete(key),
    /** Forgets what is not among the keys, so that the map does not grow with history. */
    keepOnly(keys: ReadonlySet<string>) {
      for (const key of failed.keys()) if (!keys.has(key)) failed.delete(key);
    },
  };
}
