'use client';

import clsx from 'clsx';
import { X } from 'lucide-react';
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

type Notice = { id: number; text: string; tone: 'info' | 'good' | 'bad' };
type Notify = (text: string, tone?: Notice['tone']) => void;

const NotifyContext = createContext<Notify>(() => undefined);

/** Says something in passing: `notify('Saved')`. What a person must not miss belongs into an `Alert`. */
export const useNotify = () => useContext(NotifyContext);

const tones = { info: 'border-line', good: 'border-good/40', bad: 'border-bad/50' };

/** Time to read a notice; it waits while a pointer or the focus is on it. */
const SHOWN_MS = 5_000;

/** Holds the passing notices of the page; the root layout has one. */
export function Toasts({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const notify = useCallback<Notify>((text, tone = 'info') => setNotices((now) => [...now.slice(-3), { id: Date.now() + Math.random(), text, tone }]), []);
  const remove = useCallback((id: number) => setNotices((now) => now.filter((notice) => notice.id !== id)), []);

  return (
    <NotifyContext value={notify}>
      {children}
      <section aria-label="Notices" aria-live="polite" className="fixed right-4 bottom-4 z-50 grid w-[min(24rem,calc(100vw-2rem))] gap-2">
        {notices.map((notice) => (
          <Passing key={notice.id} notice={notice} remove={remove} />
        ))}
      </section>
    </NotifyContext>
  );
}

function Passing({ notice: { id, text, tone }, remove }: { notice: Notice; remove: (id: number) => void }) {
  const [held, hold] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => remove(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, id, remove]);
  const holding = { onPointerEnter: () => hold(true), onPointerLeave: () => hold(false), onFocus: () => hold(true), onBlur: () => hold(false) };
  return (
    <div {...holding} className={clsx('flex animate-float-in items-start gap-3 rounded-xl border bg-raised p-4 text-[0.9375rem] shadow-float', tones[tone])}>
      <p className="min-w-0 flex-1">{text}</p>
      <button type="button" aria-label="Dismiss" className="text-ink-3 hover:text-ink" onClick={() => remove(id)}>
        <X aria-hidden className="size-4" />
      </button>
    </div>
  );
}
