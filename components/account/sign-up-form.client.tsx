'use client';

import type { Outcome } from '../../lib/core/errors.ts';
import { passwordHint } from '../../lib/core/users/password-rules.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Refused } from './refused.tsx';
import { go } from './sign-in-form.client.tsx';
import { useForm } from './use-form.client.ts';

type Props = { action: (fields: unknown) => Promise<Outcome<{ to?: string }>>; next: string };

export function SignUpForm({ action, next }: Props) {
  const { form, submit, errors, busy } = useForm(
    (fields) => action({ ...fields, next }),
    ({ to }) => to && go({ to }),
  );
  if (form.state === 'done' && !form.value.to) {
    return (
      <Alert tone="good" live title="Look into your mail">
        If this address was invited, a mail with a link is on its way to it. The link finishes your account. Without an invitation no account is made: ask whoever runs this
        site for one.
      </Alert>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4" noValidate>
      <Refused form={form} />
      <Field label="Name" name="name" autoComplete="name" required maxLength={100} error={errors.name} />
      <Field label="E-mail" name="email" type="email" autoComplete="email" required maxLength={320} error={errors.email} />
      <Field label="Password" name="password" type="password" autoComplete="new-password" required maxLength={512} hint={passwordHint} error={errors.password} />
      <Button type="submit" variant="primary" busy={busy || form.state === 'done'}>
        Make an account
      </Button>
    </form>
  );
}
