'use client';

import type { Outcome } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Refused } from './refused.tsx';
import { useForm } from './use-form.client.ts';

type Props = { action: (fields: unknown) => Promise<Outcome<unknown>>; button: string; sent: string };

/** Asks for a mail with a link. Says the same whether or not the address is known. */
export function MailForm({ action, button, sent }: Props) {
  const { form, submit, errors, busy } = useForm((fields) => action(fields));
  if (form.state === 'done') {
    return (
      <Alert tone="good" live title="Look into your mail">
        {sent}
      </Alert>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-4" noValidate>
      <Refused form={form} />
      <Field label="E-mail" name="email" type="email" autoComplete="email" required maxLength={320} error={errors.email} />
      <Button type="submit" variant="primary" busy={busy}>
        {button}
      </Button>
    </form>
  );
}
