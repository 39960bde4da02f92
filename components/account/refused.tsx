import type { FormState } from './use-form.client.ts';
import { Alert } from '../ui/alert.tsx';

/** Why a form was refused, unless its fields already say so. */
export function Refused<T>({ form }: { form: FormState<T> }) {
  if (form.state !== 'refused') return null;
  if (form.refusal.code === 'invalid' && Object.keys(form.refusal.fields ?? {}).length > 0) return null;
  return (
    <Alert tone="bad" live>
      {form.refusal.say}
    </Alert>
  );
}
