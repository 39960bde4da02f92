import clsx from 'clsx';
import type { ReactNode } from 'react';

const widths = { prose: 'max-w-2xl', normal: 'max-w-6xl', full: 'max-w-none' };

type Props = {
  title?: string;
  /** A line under the title. */
  lead?: ReactNode;
  /** Above the title: where this page belongs. */
  above?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  width?: keyof typeof widths;
  children: ReactNode;
};

/** The one `<main>` of a page, and its heading. */
export function Page({ title, lead, above, actions, width = 'normal', children }: Props) {
  return (
    <main id="main" tabIndex={-1} className={clsx('mx-auto w-full flex-1 px-4 py-8 outline-none sm:px-6 sm:py-10', widths[width])}>
      {above && <div className="mb-3 text-sm text-ink-3">{above}</div>}
      {title && (
        <div className="mb-8 flex flex-wrap items-start justify-between gap-4">
          <div className="min-w-0">
            <h1 className="text-3xl sm:text-4xl">{title}</h1>
            {lead && <p className="mt-3 max-w-2xl text-lg text-ink-2">{lead}</p>}
          </div>
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      )}
      {children}
    </main>
  );
}

/** The first thing a keyboard meets. */
export const SkipLink = () => (
  <a href="#main" className="fixed top-2 left-2 z-50 -translate-y-24 rounded-lg bg-accent px-4 py-2 text-accent-ink focus-visible:translate-y-0">
    Skip to content
  </a>
);
