import type { ReactNode } from 'react';
import { Mark } from '../shell/logo.tsx';
import { Card } from '../ui/card.tsx';

/** The page around a short form: one card in the middle. */
export function AccountFrame({ title, lead, below, children }: { title: string; lead?: ReactNode; below?: ReactNode; children: ReactNode }) {
  return (
    <main id="main" tabIndex={-1} className="mx-auto grid w-full max-w-md flex-1 content-start gap-6 px-4 py-10 outline-none sm:py-16">
      <div className="grid justify-items-center gap-3 text-center">
        <Mark className="size-11" />
        <h1 className="text-2xl sm:text-3xl">{title}</h1>
        {lead && <p className="text-ink-2">{lead}</p>}
      </div>
      <Card>{children}</Card>
      {below && <div className="text-center text-[0.9375rem] text-ink-2">{below}</div>}
    </main>
  );
}
