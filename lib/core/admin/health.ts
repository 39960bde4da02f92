/** What a program needs from outside before it may be sent people. */
export interface HealthProbe {
  /** Migrations of this version that the database has not finished. @throws UpstreamError('database') when it cannot be asked */
  pendingMigrations(): Promise<string[]>;
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
