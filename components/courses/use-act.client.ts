'use client';

import { useTransition } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import { useNotify } from '../ui/toast.client.tsx';

/** Runs a server action from a button; a refusal is said in passing, and what was done too where there is something to say. */
export function useAct() {
  const notify = useNotify();
  const [busy, start] = useTransition();
  const act = (run: () => Promise<Outcome<unknown>>, done?: string, then?: () => void) =>
    start(async () => {
      const outcome = await run().catch(() => undefined);
      if (!outcome?.ok) return notify(outcome?.refusal.say ?? 'The site could not be reached. Try again.', 'bad');
      if (done) notify(done, 'good');
      then?.();
    });
  return { act, busy };
}
