'use client';

import { useRef, type ComponentProps } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { useNotify } from '../ui/toast.client.tsx';
import { Refused } from './refused.tsx';
import { useForm } from './use-form.client.ts';

type Props = {
  action: (fields: unknown) => Promise<Outcome<unknown>>;
  fields: (ComponentProps<'input'> & { name: string; label: string; hint?: string })[];
  button: string;
  /** Said in passing when it worked. */
  done: string;
  /** Empties the fields then, as for passwords. */
  clear?: boolean;
};

/** A short form that changes something and stays where it is. */
export function SavedForm({ action, fields, button, done, clear = false }: Props) {
  const notify = useNotify();
  const element = useRef<HTMLFormElement>(null);
  const { form, submit, errors, busy } = useForm(
    (typed) => action(typed),
    () => {
      notify(done, 'good');
      if (clear) element.current?.reset();
    },
  );
  return (
    <form ref={element} onSubmit={(event) => void submit(event)} className="grid max-w-md gap-4" noValidate>
      <Refused form={form} />
      {fields.map((field) => (
        <Field key={field.name} error={errors[field.name]} {...field} />
      ))}
      <Button type="submit" busy={busy} className="justify-self-start">
        {button}
      </Button>
    </form>
  );
}
