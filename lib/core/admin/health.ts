/** What a program needs from outside before it may be sent people. */
export interface HealthProbe {
  /** Migrations of this version that the database has not finished. @throws UpstreamError('database') when it cannot be asked */
  pendingMigrations(): Promise<string[]>;
}

/**
 * Resolves once the database has every migration of this version, or when the signal aborts. It is asked again and again: the
 * migrations may be under way, or the database not there yet.
 */
export async function untilMigrated(probe: HealthProbe, signal: AbortSignal, againMs = 1_000): Promise<void> {
  while (!signal.aborted) {
    const pending = await probe.pendingMigrations().catch(() => undefined);
    if (pending?.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

export type Readiness = { ready: true } | { ready: false; because: ('database' | 'migrations' | 'bus')[] };

/** The words name what is missing, and nothing else of it: the answer is public. */
export function decideReadiness(seen: { pending: string[] | 'unreachable'; bus: 'listening' | 'lost' }): Readiness {
  const because = [
    ...(seen.pending === 'unreachable' ? (['database'] as const) : seen.pending.length > 0 ? (['migrations'] as const) : []),
    ...(seen.bus === 'lost' ? (['bus'] as const) : []),
  ];
  return because.length ? { ready: false, because } : { ready: true };
}
