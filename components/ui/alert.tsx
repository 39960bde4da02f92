import clsx from 'clsx';
import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

const tones = {
  info: { icon: Info, look: 'bg-accent-soft border-accent-line [&>svg]:text-accent' },
  good: { icon: CircleCheck, look: 'bg-good-soft border-good/30 [&>svg]:text-good' },
  warn: { icon: TriangleAlert, look: 'bg-warn-soft border-warn/30 [&>svg]:text-warn' },
  bad: { icon: CircleAlert, look: 'bg-bad-soft border-bad/30 [&>svg]:text-bad' },
};

type Props = {
  tone?: keyof typeof tones;
  title?: string;
  /** Appeared after the page did: read it out at once. */
  live?: boolean;
  actions?: ReactNode;
  className?: string;
  children?: ReactNode;
};

/** A notice in the flow of a page. */
export function Alert({ tone = 'info', title, live = false, actions, className, children }: Props) {
  const { icon: Icon, look } = tones[tone];
  return (
    <div role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined} className={clsx('flex gap-3 rounded-xl border p-4 text-[0.9375rem] text-ink', look, className)}>
      <Icon aria-hidden className="mt-0.5 size-5 shrink-0" />
      <div className="min-w-0 flex-1">
        {title && <p className="font-semibold">{title}</p>}
        {children && <div className={clsx(title && 'mt-0.5 text-ink-2')}>{children}</div>}
        {actions && <div className="mt-3 flex flex-wrap gap-2">{actions}</div>}
      </div>
    </div>
  );
}
