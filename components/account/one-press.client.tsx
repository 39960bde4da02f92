'use client';

import { useState, type ReactNode } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import { Button } from '../ui/button.tsx';
import { useNotify } from '../ui/toast.client.tsx';

type Props = { action: (input: unknown) => Promise<Outcome<unknown>>; input?: unknown; done: string; children: ReactNode };

/** A button that does one thing and says how it went. */
export function OnePress({ action, input = null, done, children }: Props) {
  const notify = useNotify();
  const [busy, setBusy] = useState(false);

  async function press() {
    setBusy(true);
    const outcome = await action(input).catch(() => undefined);
    setBusy(false);
    if (outcome?.ok) notify(done, 'good');
    else notify(outcome?.refusal.say ?? 'The site could not be reached. Try again.', 'bad');
  }

  return (
    <Button size="sm" busy={busy} onClick={() => void press()}>
      {children}
    </Button>
  );
}
