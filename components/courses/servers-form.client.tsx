'use client';

import type { FormEvent } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import type { CourseProfile } from '../../lib/core/servers/offer.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { useAct } from './use-act.client.ts';

type Props = { course: string; servers: CourseProfile; choose: (input: { course: string; profile: string }) => Promise<Outcome<unknown>> };

/** What learners of the course get when they run code. */
export function ServersForm({ course, servers: { chosen, choices, missing }, choose }: Props) {
  const { act, busy } = useAct();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const profile = new FormData(event.currentTarget).get('profile');
    if (typeof profile === 'string') act(() => choose({ course, profile }), 'Saved: servers started from now on are made so');
  }

  return (
    <form onSubmit={submit} className="grid gap-5">
      {missing && (
        <Alert tone="warn" title={`This site has no “${missing}” servers any more`}>
          Learners get the standard ones. Choose anew.
        </Alert>
      )}
      <fieldset className="grid gap-3">
        <legend className="mb-2 text-sm text-ink-3">What learners run code on. Servers that run already go on as they are.</legend>
        {choices.map(({ name, title, description }) => (
          <div key={name} className="flex items-start gap-2.5">
            <input type="radio" id={`profile-${name}`} name="profile" value={name} defaultChecked={name === chosen} aria-describedby={description && `profile-${name}-says`} className="mt-1 size-4 shrink-0 accent-accent" />
            <div className="min-w-0 wrap-anywhere">
              <label htmlFor={`profile-${name}`} className="font-medium">
                {title}
              </label>
              {description && (
                <p id={`profile-${name}-says`} className="text-sm text-ink-3">
                  {description}
                </p>
              )}
            </div>
          </div>
        ))}
      </fieldset>
      <div>
        <Button type="submit" busy={busy}>
          Use these servers
        </Button>
      </div>
    </form>
  );
}
