import clsx from 'clsx';
import NextLink from 'next/link';
import type { ComponentProps } from 'react';
import { Spinner } from './spinner.tsx';

type Look = {
  /** One primary button a view; the rest are secondary or ghost. */
  variant?: 'primary' | 'secondary' | 'ghost' | 'danger';
  size?: 'sm' | 'md' | 'lg';
  /** Square, for an icon alone; give it an `aria-label`. */
  icon?: boolean;
};

const variants = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-strong border-transparent',
  secondary: 'bg-surface text-ink border-line-strong/60 hover:border-line-strong hover:bg-sunken',
  ghost: 'border-transparent text-ink-2 hover:text-ink hover:bg-sunken',
  danger: 'bg-surface text-bad border-bad/50 hover:bg-bad-soft hover:border-bad',
};
const sizes = { sm: 'h-8 text-sm gap-1.5', md: 'h-10 text-[0.9375rem] gap-2', lg: 'h-12 text-base gap-2' };
const widths = { sm: 'px-3', md: 'px-4', lg: 'px-6' };
const squares = { sm: 'w-8', md: 'w-10', lg: 'w-12' };

/** The look of a button, for elements that must be something else, e.g. a Radix trigger. */
export const buttonClass = ({ variant = 'secondary', size = 'md', icon = false }: Look = {}, extra?: string) =>
  clsx(
    'inline-flex shrink-0 items-center justify-center rounded-lg border font-medium whitespace-nowrap no-underline transition-colors select-none',
    'disabled:pointer-events-none disabled:opacity-55 aria-disabled:pointer-events-none aria-disabled:opacity-55 [&_svg]:shrink-0',
    variants[variant],
    sizes[size],
    icon ? squares[size] : widths[size],
    extra,
  );

type ButtonProps = ComponentProps<'button'> & Look & { busy?: boolean };

/** A button; `busy` shows that its work is under way and keeps it from being pressed again. */
export function Button({ variant, size, icon, busy = false, className, children, type = 'button', disabled, ...rest }: ButtonProps) {
  return (
    <button type={type} className={buttonClass({ variant, size, icon }, className)} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {busy && <Spinner />}
      {busy && icon ? null : children}
    </button>
  );
}

/** A link that looks like a button: it goes somewhere, it does nothing. */
export function ButtonLink({ variant, size, icon, className, ...rest }: ComponentProps<typeof NextLink> & Look) {
  return <NextLink className={buttonClass({ variant, size, icon }, className)} {...rest} />;
}
