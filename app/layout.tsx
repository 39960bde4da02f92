import { GeistMono } from 'geist/font/mono';
import { GeistSans } from 'geist/font/sans';
import type { Metadata, Viewport } from 'next';
import { cookies, headers } from 'next/headers';
import type { ReactNode } from 'react';
import { CookiePromise } from '../components/shell/cookie-promise.tsx';
import { Footer } from '../components/shell/footer.tsx';
import { Header } from '../components/shell/header.tsx';
import { SkipLink } from '../components/shell/page.tsx';
import { Renewal } from '../components/shell/renewal.tsx';
import { THEME_COOKIE, themeOf } from '../components/shell/theme.ts';
import { Toasts } from '../components/ui/toast.client.tsx';
import { currentActor } from '../lib/web/actor.ts';
import { signOut } from './(account)/actions.ts';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Lectern', template: '%s · Lectern' },
  description: 'Courses with a live notebook in every lesson.',
  // Phone numbers and dates in lessons are text.
  formatDetection: { telephone: false, date: false, address: false, email: false },
};

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f7f8f6' },
    { media: '(prefers-color-scheme: dark)', color: '#0d1211' },
  ],
};

export default async function Layout({ children }: { children: ReactNode }) {
  const [actor, jar, asked] = await Promise.all([currentActor(), cookies(), headers()]);
  const theme = themeOf(jar.get(THEME_COOKIE)?.value);
  const nonce = /'nonce-([^']+)'/.exec(asked.get('content-security-policy') ?? '')?.[1];

  return (
    <html lang="en" className={`${GeistSans.variable} ${GeistMono.variable}`} data-theme={theme === 'system' ? undefined : theme}>
      <body>
        <CookiePromise nonce={nonce} />
        <Renewal nonce={nonce} />
        <SkipLink />
        <Toasts>
          <Header actor={actor && { id: actor.id, name: actor.name, email: actor.email, role: actor.role }} theme={theme} signOut={signOut} />
          {children}
          <Footer />
        </Toasts>
      </body>
    </html>
  );
}
