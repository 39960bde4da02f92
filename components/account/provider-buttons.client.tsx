'use client';

import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { startSignIn } from './start-sign-in.client.ts';

type Props = { providers: { id: string; name: string }[]; next: string; verb?: string };

/** Signing in somewhere else. */
export function ProviderButtons({ providers, next, verb = 'Continue with' }: Props) {
  const [state, setState] = useState<{ at: 'idle' } | { at: 'leaving'; to: string } | { at: 'failed' }>({ at: 'idle' });

  async function leave(id: string) {
    setState({ at: 'leaving', to: id });
    const address = await startSignIn(id, next).catch(() => undefined);
    if (address) window.location.assign(address);
    else setState({ at: 'failed' });
  }

  return (
    <div className="grid gap-2.5">
      {state.at === 'failed' && (
        <Alert tone="bad" live>
          That service could not be reached. Try again, or sign in another way.
        </Alert>
      )}
      {providers.map(({ id, name }) => (
        <Button key={id} onClick={() => void leave(id)} busy={state.at === 'leaving' && state.to === id} disabled={state.at === 'leaving'}>
          <KeyRound aria-hidden className="size-4 text-ink-3" />
          {verb} {name}
        </Button>
      ))}
    </div>
  );
}
