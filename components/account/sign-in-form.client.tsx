'use client';

import type { Outcome } from '../../lib/core/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Link } from '../ui/link.tsx';
import { Refused } from './refused.tsx';
import { useForm } from './use-form.client.ts';

type Action = (fields: unknown) => Promise<Outcome<{ to: string }>>;

/** A fresh document after each change of who is signed in: nothing of before stays in the memory of the page. */
export const go = ({ to }: { to: string }) => window.location.assign(to);

export function SignInForm({ action, next }: { action: Action; next: string }) {
  const { form, submit, errors, busy } = useForm((fields) => action({ ...fields, next }), go);
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4" noValidate>
      <Refused form={form} />
      <Field label="E-mail" name="email" type="email" autoComplete="username" required maxLength={320} error={errors.email} />
      <Field label="Password" name="password" type="password" autoComplete="current-password" required maxLength={512} error={errors.password} />
      <Button type="submit" variant="primary" busy={busy || form.state === 'done'}>
        Sign in
      </Button>
      <p className="flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm">
        <Link href="/forgot">Forgot your password?</Link>
        <Link href="/sign-in/link">Use a link by mail</Link>
      </p>
    </form>
  );
}
