'use client';

import clsx from 'clsx';
import NextLink from 'next/link';
import { usePathname } from 'next/navigation';

/** A link of the header that knows whether it leads to where we are. */
export function NavLink({ href, children }: { href: string; children: string }) {
  const path = usePathname();
  const here = path === href || path.startsWith(`${href}/`);
  return (
    <NextLink
      href={href}
      aria-current={here ? 'page' : undefined}
      className={clsx('rounded-lg px-3 py-1.5 text-[0.9375rem] font-medium no-underline', here ? 'bg-sunken text-ink' : 'text-ink-2 hover:bg-sunken hover:text-ink')}
    >
      {children}
    </NextLink>
  );
}
