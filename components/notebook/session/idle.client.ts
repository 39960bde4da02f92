/**
 * Does the work once the browser has nothing more urgent to do, and within `byMs` milliseconds in any case.
 * @returns takes it back
 */
export function whenIdle(work: () => void, byMs: number): () => void {
  if (typeof requestIdleCallback === 'undefined') {
    const timer = setTimeout(work, byMs / 2);
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(work, { timeout: byMs });
  return () => cancelIdleCallback(asked);
}
