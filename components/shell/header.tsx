import NextLink from 'next/link';
import type { Actor } from '../../lib/core/users/actor.ts';
import { ButtonLink } from '../ui/button.tsx';
import { AccountMenu } from './account-menu.client.tsx';
import { Wordmark } from './logo.tsx';
import { NavLink } from './nav-link.client.tsx';
import { ThemeButton } from './theme-button.client.tsx';
import type { Theme } from './theme.ts';

type Props = { actor: Pick<Actor, 'id' | 'name' | 'email' | 'role'> | null; theme: Theme; signOut: (input: null) => Promise<unknown> };

/** The bar on top of every page. On a phone it scrolls away: what a page keeps in view has the room. */
export function Header({ actor, theme, signOut }: Props) {
  return (
    <header className="top-0 z-30 border-b border-line bg-bg/90 backdrop-blur-md sm:sticky">
      <div className="mx-auto flex h-16 max-w-6xl items-center gap-2 px-4 sm:gap-6 sm:px-6">
        <NextLink href="/" aria-label="Lectern, to the start page" className="flex rounded-lg no-underline">
          <Wordmark />
        </NextLink>
        <nav aria-label="Main" className="hidden gap-1 md:flex">
          <NavLink href="/courses">Courses</NavLink>
          {actor && actor.role !== 'user' && <NavLink href="/teach">Teach</NavLink>}
          {actor?.role === 'admin' && <NavLink href="/admin">Admin</NavLink>}
        </nav>
        <div className="ml-auto flex items-center gap-1.5 sm:gap-2">
          {actor ? (
            <AccountMenu id={actor.id} name={actor.name} email={actor.email} role={actor.role} theme={theme} signOut={signOut} />
          ) : (
            <>
              <ThemeButton theme={theme} />
              <ButtonLink href="/sign-in" variant="ghost" size="sm">
                Sign in
              </ButtonLink>
              <ButtonLink href="/sign-up" variant="primary" size="sm" className="max-sm:hidden">
                Sign up
              </ButtonLink>
            </>
          )}
        </div>
      </div>
    </header>
  );
}
