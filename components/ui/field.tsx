import { useId, type ComponentProps, type ReactNode } from 'react';
import { Input } from './input.tsx';

type Around = { label: string; hint?: ReactNode; error?: string | string[] };

/** What a control inside a `FieldFrame` is given, so that label, hint and error are read out with it. */
export type Described = { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true };

/** Label, hint and error around any control. */
export function FieldFrame({ label, hint, error, children }: Around & { children: (described: Described) => ReactNode }) {
  const id = useId();
  const problem = [error ?? []].flat().join(' ');
  const described = problem ? `${id}-error` : hint ? `${id}-hint` : undefined;
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': problem ? true : undefined })}
      {hint && !problem && (
        <p id={`${id}-hint`} className="text-sm text-ink-3">
          {hint}
        </p>
      )}
      {problem && (
        <p id={`${id}-error`} className="text-sm text-bad">
          {problem}
        </p>
      )}
    </div>
  );
}

/** A text field with its label. */
export function Field({ label, hint, error, ...input }: Around & ComponentProps<'input'>) {
  return (
    <FieldFrame label={label} hint={hint} error={error}>
      {(described) => <Input {...described} {...input} />}
    </FieldFrame>
  );
}
