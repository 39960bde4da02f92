'use client';

import { Monitor, Moon, Sun } from 'lucide-react';
import { useState } from 'react';
import { MenuChoice } from '../ui/menu.client.tsx';
import { THEME_COOKIE, type Theme } from './theme.ts';

const choices = [
  { value: 'system' as const, label: 'As the system', icon: <Monitor aria-hidden /> },
  { value: 'light' as const, label: 'Light', icon: <Sun aria-hidden /> },
  { value: 'dark' as const, label: 'Dark', icon: <Moon aria-hidden /> },
];

/** Light or dark. Kept in a cookie, so that the server renders the right one and nothing flashes. */
export function ThemeChoice({ initial }: { initial: Theme }) {
  // The document knows what was chosen since the page was rendered.
  const [theme, setTheme] = useState<Theme>(() => (typeof document === 'undefined' ? initial : ((document.documentElement.dataset.theme as Theme | undefined) ?? 'system')));

  function choose(chosen: Theme) {
    setTheme(chosen);
    const age = chosen === 'system' ? 0 : 365 * 24 * 60 * 60;
    document.cookie = `${THEME_COOKIE}=${chosen}; Path=/; Secure; SameSite=Lax; Max-Age=${age}`;
    if (chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  }

  return <MenuChoice value={theme} onChange={choose} choices={choices} />;
}
