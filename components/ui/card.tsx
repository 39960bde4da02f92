import clsx from 'clsx';
import type { ComponentProps } from 'react';

/** A surface that holds one thing. */
export function Card({ className, ...rest }: ComponentProps<'div'>) {
  return <div className={clsx('rounded-xl border border-line bg-surface p-5 shadow-card sm:p-6', className)} {...rest} />;
}

export function CardTitle({ className, ...rest }: ComponentProps<'h2'>) {
  return <h2 className={clsx('text-lg', className)} {...rest} />;
}
