'use client';

import { BookOpen, CircleUserRound, GraduationCap, LogOut, ServerCog, Settings } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { UserId } from '../../lib/core/ids.ts';
import type { SiteRole } from '../../lib/core/users/actor.ts';
import { Button } from '../ui/button.tsx';
import { Menu, MenuItem, MenuLabel, MenuLine, MenuLink } from '../ui/menu.client.tsx';
import { ThemeChoice } from './theme-choice.client.tsx';
import type { Theme } from './theme.ts';

type Props = { id: UserId; name: string; email: string; role: SiteRole; theme: Theme; signOut: (input: null) => Promise<unknown> };

/** Loaded when somebody signs out, not with every page. */
const notebooks = () => import('../notebook/lesson/leaving.client.ts');
const question = () => import('./leave-dialog.client.tsx');
const LeaveDialog = lazy(question);

/** The menu of whoever is signed in. Unsaved work is saved before the sign-out, or asked about. */
export function AccountMenu({ id, name, email, role, theme, signOut }: Props) {
  const [state, setState] = useState<'idle' | 'saving' | 'asking'>('idle');

  async function leave() {
    await signOut(null);
    (await notebooks()).forgetWork(id);
    // A fresh document: nothing of this person stays in the memory of the page.
    window.location.assign('/');
  }

  async function saveAndLeave() {
    setState('saving');
    // The question comes along now: later the network may be what fails.
    const [{ saveBeforeSignOut }] = await Promise.all([notebooks(), question()]);
    if (await saveBeforeSignOut()) await leave();
    else setState('asking');
  }

  return (
    <>
      <Menu
        label="Account"
        button={(props) => (
          <Button variant="ghost" size="sm" busy={state === 'saving'} aria-label={`Account of ${name}`} className="max-w-48" {...props}>
            <CircleUserRound aria-hidden className="size-5" />
            <span className="hidden truncate sm:inline">{name}</span>
          </Button>
        )}
      >
        <MenuLabel>
          <span className="block font-medium text-ink">{name}</span>
          <span className="block max-w-60 truncate">{email}</span>
        </MenuLabel>
        <MenuLine />
        <div className="md:hidden">
          <MenuLink href="/courses">
            <BookOpen aria-hidden /> Courses
          </MenuLink>
          {role !== 'user' && (
            <MenuLink href="/teach">
              <GraduationCap aria-hidden /> Teach
            </MenuLink>
          )}
          {role === 'admin' && (
            <MenuLink href="/admin">
              <ServerCog aria-hidden /> Admin
            </MenuLink>
          )}
          <MenuLine />
        </div>
        <MenuLink href="/account">
          <Settings aria-hidden /> Account
        </MenuLink>
        <MenuLine />
        <ThemeChoice initial={theme} />
        <MenuLine />
        <MenuItem onSelect={() => void saveAndLeave()}>
          <LogOut aria-hidden /> Sign out
        </MenuItem>
      </Menu>
      <Suspense>{state === 'asking' && <LeaveDialog close={() => setState('idle')} leave={() => void leave()} />}</Suspense>
    </>
  );
}
