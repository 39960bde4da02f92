'use client';

import { useRouter } from 'next/navigation';
import { useState, type FormEvent } from 'react';
import type { Outcome, Refusal } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { Field, FieldFrame } from '../ui/field.tsx';
import { Textarea } from '../ui/input.tsx';
import { useNotify } from '../ui/toast.client.tsx';

type Props = { course: { slug: string; title: string; summary: string }; edit: (input: Record<string, unknown>) => Promise<Outcome<{ slug: string }>> };

const unreachable: Refusal = { code: 'unavailable', say: 'The site could not be reached. Try again.' };

/** Title, summary and address of a course. */
export function CourseForm({ course, edit }: Props) {
  const router = useRouter();
  const notify = useNotify();
  const [form, setForm] = useState<{ state: 'idle' } | { state: 'busy' } | { state: 'refused'; refusal: Refusal }>({ state: 'idle' });

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setForm({ state: 'busy' });
    const input = { ...Object.fromEntries(new FormData(event.currentTarget)), course: course.slug };
    const outcome = await edit(input).catch((): Outcome<{ slug: string }> => ({ ok: false, refusal: unreachable }));
    if (!outcome.ok) return setForm({ state: 'refused', refusal: outcome.refusal });
    setForm({ state: 'idle' });
    notify('Saved', 'good');
    if (outcome.value.slug !== course.slug) router.replace(`/teach/${outcome.value.slug}`);
  }

  const fields = form.state === 'refused' && form.refusal.code === 'invalid' ? (form.refusal.fields ?? {}) : {};
  return (
    <form onSubmit={(event) => void submit(event)} className="grid gap-5">
      {form.state === 'refused' && Object.keys(fields).length === 0 && (
        <Alert tone="bad" live>
          {form.refusal.say}
        </Alert>
      )}
      <Field label="Title" name="title" required maxLength={120} defaultValue={course.title} error={fields.title} />
      <FieldFrame label="Summary" hint="One or two sentences; they stand on the course's card." error={fields.summary}>
        {(described) => <Textarea {...described} name="summary" rows={3} maxLength={400} defaultValue={course.summary} />}
      </FieldFrame>
      <Field label="Address" name="slug" required maxLength={60} defaultValue={course.slug} hint="The part after /courses/. Links to the old address stop working." error={fields.slug} autoCapitalize="none" spellCheck={false} />
      <div>
        <Button type="submit" variant="primary" busy={form.state === 'busy'}>
          Save
        </Button>
      </div>
    </form>
  );
}
