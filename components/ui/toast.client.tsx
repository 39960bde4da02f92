'use client';

import clsx from 'clsx';
import { X } from 'lucide-react';
import { Toast as Primitive } from 'radix-ui';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';

type Notice = { id: number; text: string; tone: 'info' | 'good' | 'bad' };
type Notify = (text: string, tone?: Notice['tone']) => void;

const NotifyContext = createContext<Notify>(() => undefined);

/** Says something in passing: `notify('Saved')`. What a person must not miss belongs into an `Alert`. */
export const useNotify = () => useContext(NotifyContext);

const tones = { info: 'border-line', good: 'border-good/40', bad: 'border-bad/50' };

/** Holds the passing notices of the page; the root layout has one. */
export function Toasts({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const notify = useCallback<Notify>((text, tone = 'info') => setNotices((now) => [...now.slice(-3), { id: Date.now() + Math.random(), text, tone }]), []);
  const remove = (id: number) => setNotices((now) => now.filter((notice) => notice.id !== id));

  return (
    <NotifyContext value={notify}>
      <Primitive.Provider duration={5000} swipeDirection="right">
        {children}
        {notices.map((notice) => (
          <Primitive.Root
            key={notice.id}
            onOpenChange={(open) => !open && remove(notice.id)}
            className={clsx('flex animate-float-in items-start gap-3 rounded-xl border bg-raised p-4 text-[0.9375rem] shadow-float', tones[notice.tone])}
          >
            <Primitive.Description className="min-w-0 flex-1">{notice.text}</Primitive.Description>
            <Primitive.Close aria-label="Dismiss" className="text-ink-3 hover:text-ink">
              <X aria-hidden className="size-4" />
            </Primitive.Close>
          </Primitive.Root>
        ))}
        <Primitive.Viewport className="fixed right-4 bottom-4 z-50 grid w-[min(24rem,calc(100vw-2rem))] gap-2 outline-none" />
      </Primitive.Provider>
    </NotifyContext>
  );
}
