/**
 * What a caller can expect to go wrong. `code` is stable (tests, clients and logs may depend on it), `say` is for the
 * person in front of the page, `detail` for the operator's log and never shown to a learner.
 */
export type Refusal =
  | { code: 'not_found'; say: string; detail?: string }
  | { code: 'unauthenticated'; say: string; detail?: string }
  | { code: 'forbidden'; say: string; detail?: string }
  | { code: 'invalid'; say: string; fields?: Record<string, string[]>; detail?: string }
  | { code: 'stale'; say: string; revision: number; detail?: string }
  | { code: 'locked'; say: string; detail?: string }
  | { code: 'throttled'; say: string; retryAfterS: number; detail?: string }
  | { code: 'too_large'; say: string; limitBytes: number; detail?: string }
  | { code: 'quota'; say: string; usedBytes: number; limitBytes: number; /** Set where waiting helps. */ retryAfterS?: number; detail?: string }
  | { code: 'disk_full'; say: string; retryAfterS: number; detail?: string }
  | { code: 'unavailable'; say: string; detail?: string };

export type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const refuse = (refusal: Refusal): Outcome<never> => ({ ok: false, refusal });

/** A refusal met where there is no way to return it. Routes, actions and saves answer with it. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

/** Something outside Lectern failed us: the database, a learner's Jupyter, the place servers run, a mail server. */
export class UpstreamError extends Error {
  override name = 'UpstreamError';
  readonly system: 'cluster' | 'database' | 'jupyter' | 'mail' | 'sandbox';

  constructor(system: UpstreamError['system'], doing: string, cause?: unknown) {
    super(`${system}: ${doing}`, { cause });
    this.system = system;
  }
}

/**
 * A notebook server answered as no server of ours does: past a limit in bytes or time, or of another shape. Whoever runs code owns
 * their server, so this is a stranger's word; nothing of it is kept or passed on.
 */
export class BrokenProtocol extends UpstreamError {
  override name = 'BrokenProtocol';

  constructor(doing: string, how: string) {
    super('jupyter', `${doing}: ${how}`);
  }
}

/** A notebook server answered, but with another status than it should. */
export class Answered extends UpstreamError {
  override name = 'Answered';
}
