import clsx from 'clsx';
import type { ComponentProps } from 'react';

/**
 * A table that scrolls sideways within itself where the page is narrow; `relative` holds what only screen readers see, which
 * would widen the page. `label` names it for screen readers.
 */
export function Table({ label, className, ...rest }: ComponentProps<'table'> & { label: string }) {
  return (
    <div role="region" aria-label={label} tabIndex={0} className="relative overflow-x-auto rounded-xl border border-line bg-surface">
      <table className={clsx('w-full border-collapse text-left text-sm', className)} {...rest} />
    </div>
  );
}

export function Th({ className, ...rest }: ComponentProps<'th'>) {
  return <th scope="col" className={clsx('border-b border-line bg-sunken px-4 py-2.5 text-xs font-medium whitespace-nowrap text-ink-3', className)} {...rest} />;
}

export function Td({ className, ...rest }: ComponentProps<'td'>) {
  return <td className={clsx('border-b border-line px-4 py-3 align-middle in-[tr:last-child]:border-b-0', className)} {...rest} />;
}
