'use client';

import { useRef, useState } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import type { Invitation } from '../../lib/core/users/invitations.ts';
import type { SignUpMode } from '../../lib/core/users/sign-in.ts';
import { Refused } from '../account/refused.tsx';
import { useForm } from '../account/use-form.client.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { Card, CardTitle } from '../ui/card.tsx';
import { Field, FieldFrame } from '../ui/field.tsx';
import { Select } from '../ui/input.tsx';
import { useNotify } from '../ui/toast.client.tsx';
import { RoleOptions, roleWords } from './roles.tsx';

type Props = {
  signUp: SignUpMode;
  open: Invitation[];
  invite: (fields: unknown) => Promise<Outcome<undefined>>;
  withdraw: (input: { email: string }) => Promise<Outcome<undefined>>;
};

const leads = {
  invited: 'Only people who are invited can make an account here.',
  open: 'Anyone can make an account here. An invitation adds its role, once the address is confirmed.',
};

/** Asks people to join, and shows who has not come yet. */
export function Invitations({ signUp, open, invite, withdraw }: Props) {
  const fields = useRef<HTMLFormElement>(null);
  const notify = useNotify();
  const { form, submit, errors, busy } = useForm(invite, () => {
    fields.current?.reset();
    notify('The invitation is on its way', 'good');
  });
  if (signUp === 'closed') return <Alert title="Sign-up is closed">Nobody can be invited until LECTERN_SIGN_UP is open or invited.</Alert>;
  return (
    <Card>
      <CardTitle>Invite</CardTitle>
      <p className="mt-1 text-ink-2">{leads[signUp]}</p>
      <form ref={fields} onSubmit={(event) => void submit(event)} className="mt-4 grid gap-4 sm:grid-cols-[1fr_auto_auto] sm:items-start" noValidate>
        <div className="empty:hidden sm:col-span-3">
          <Refused form={form} />
        </div>
        <Field label="E-mail of the person" name="email" type="email" autoComplete="off" required maxLength={320} error={errors.email} />
        <FieldFrame label="Role">
          {(described) => (
            <Select {...described} name="role" defaultValue="user">
              <RoleOptions />
            </Select>
          )}
        </FieldFrame>
        <Button type="submit" variant="primary" busy={busy} className="sm:mt-[1.625rem]">
          Invite
        </Button>
      </form>
      {open.length > 0 && (
        <ul aria-label="Open invitations" className="mt-5 grid gap-2 border-t border-line pt-4">
          {open.map((one) => (
            <Open key={one.email} invitation={one} withdraw={withdraw} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Open({ invitation: { email, role, createdAt }, withdraw }: { invitation: Invitation; withdraw: Props['withdraw'] }) {
  const [busy, setBusy] = useState(false);
  const notify = useNotify();
  async function takeBack() {
    setBusy(true);
    const outcome = await withdraw({ email }).catch(() => undefined);
    setBusy(false);
    if (!outcome?.ok) notify(outcome?.refusal.say ?? 'The site did not answer. Try again.', 'bad');
  }
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 text-sm">
      <span className="min-w-0 break-all">
        {email} <span className="text-ink-3">{roleWords[role].toLowerCase()}, invited {createdAt.slice(0, 10)}</span>
      </span>
      <Button size="sm" busy={busy} onClick={() => void takeBack()} aria-label={`Withdraw the invitation of ${email}`}>
        Withdraw
      </Button>
    </li>
  );
}
