import clsx from 'clsx';
import type { ComponentProps } from 'react';

const control = (extra?: string) =>
  clsx(
    'w-full rounded-lg border border-line-strong/70 bg-surface px-3 text-ink placeholder:text-ink-3 hover:border-line-strong',
    'focus-visible:border-accent focus-visible:outline-offset-0 disabled:bg-sunken disabled:text-ink-3 aria-invalid:border-bad',
    extra,
  );

/** A text field without its label: inside `Field`, or with an `aria-label`. */
export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={control(clsx(rest.type === 'file' ? 'py-2 file:mr-3 file:rounded file:border-0 file:bg-sunken file:px-3 file:py-1 file:text-ink' : 'h-10', className))} {...rest} />;
}

export function Textarea({ className, rows = 4, ...rest }: ComponentProps<'textarea'>) {
  return <textarea rows={rows} className={control(clsx('py-2', className))} {...rest} />;
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select className={control(clsx('h-10 pr-8', className))} {...rest} />;
}

export function Checkbox({ className, label, ...rest }: Omit<ComponentProps<'input'>, 'type'> & { label: string }) {
  return (
    <label className={clsx('flex items-start gap-2.5', className)}>
      <input type="checkbox" className="mt-1 size-4 shrink-0 accent-accent" {...rest} />
      <span>{label}</span>
    </label>
  );
}
