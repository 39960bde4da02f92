'use client';

import { useState, type FormEvent } from 'react';
import type { Outcome, Refusal } from '../../lib/core/errors.ts';

export type FormState<T> = { state: 'idle' } | { state: 'busy' } | { state: 'refused'; refusal: Refusal } | { state: 'done'; value: T };

const unreachable: Refusal = { code: 'unavailable', say: 'The site could not be reached. Check your connection and try again.' };

/** A form that calls a server action with its fields; a refusal leaves what was typed as it is. */
export function useForm<T>(act: (fields: Record<string, unknown>) => Promise<Outcome<T>>, onDone?: (value: T) => void) {
  const [form, setForm] = useState<FormState<T>>({ state: 'idle' });

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setForm({ state: 'busy' });
    const fields = Object.fromEntries(new FormData(event.currentTarget));
    const outcome = await act(fields).catch((): Outcome<T> => ({ ok: false, refusal: unreachable }));
    if (!outcome.ok) return setForm({ state: 'refused', refusal: outcome.refusal });
    setForm({ state: 'done', value: outcome.value });
    onDone?.(outcome.value);
  }

  const errors = form.state === 'refused' && form.refusal.code === 'invalid' ? (form.refusal.fields ?? {}) : {};
  return { form, submit, errors, busy: form.state === 'busy' };
}
