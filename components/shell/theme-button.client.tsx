'use client';

import { SunMoon } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { Menu } from '../ui/menu.client.tsx';
import { ThemeChoice } from './theme-choice.client.tsx';
import type { Theme } from './theme.ts';

/** Light or dark for people who are not signed in. */
export function ThemeButton({ theme }: { theme: Theme }) {
  return (
    <Menu
      label="Theme"
      button={(props) => (
        <Button variant="ghost" size="sm" icon aria-label="Light or dark" {...props}>
          <SunMoon aria-hidden className="size-5" />
        </Button>
      )}
    >
      <ThemeChoice initial={theme} />
    </Menu>
  );
}
