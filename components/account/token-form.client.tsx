'use client';

import { useRouter } from 'next/navigation';
import type { Outcome } from '../../lib/core/errors.ts';
import { passwordHint } from '../../lib/core/users/password-rules.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Refused } from './refused.tsx';
import { go } from './sign-in-form.client.tsx';
import { useForm } from './use-form.client.ts';

type Props = {
  action: (fields: unknown) => Promise<Outcome<unknown>>;
  token: string;
  button: string;
  /** Also asks for a password: one that is chosen now, or the account's. */
  password?: 'new' | 'current';
  /** When it is done the page is rendered anew and says so; without it the browser goes where the answer says. */
  stay?: boolean;
};

/** Uses a one-time link up. Only the button does: programs that look through mail open links, and must not use them up. */
export function TokenForm({ action, token, button, password, stay = false }: Props) {
  const router = useRouter();
  const { form, submit, errors, busy } = useForm(
    (fields) => action({ ...fields, token }),
    (value) => (stay ? router.refresh() : go(value as { to: string })),
  );
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4" noValidate>
      <Refused form={form} />
      {password === 'current' && <Field label="Password" name="current" type="password" autoComplete="current-password" required maxLength={512} hint="The one you chose when you signed up here." error={errors.current} />}
      {password === 'new' && (
        <Field label="New password" name="password" type="password" autoComplete="new-password" required maxLength={512} hint={passwordHint} error={errors.password} />
      )}
      <Button type="submit" variant="primary" busy={busy || form.state === 'done'}>
        {button}
      </Button>
    </form>
  );
}
