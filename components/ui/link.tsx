import clsx from 'clsx';
import NextLink from 'next/link';
import type { ComponentProps } from 'react';

/** A link within running text, or on its own with `quiet`. */
export function Link({ className, quiet = false, ...rest }: ComponentProps<typeof NextLink> & { quiet?: boolean }) {
  return (
    <NextLink
      className={clsx(
        quiet
          ? 'text-ink-2 no-underline hover:text-ink hover:underline'
          : 'text-accent underline decoration-accent-line underline-offset-[0.2em] hover:text-accent-strong hover:decoration-current',
        className,
      )}
      {...rest}
    />
  );
}
