'use client';

import { X } from 'lucide-react';
import { Dialog as Primitive } from 'radix-ui';
import type { ReactNode } from 'react';
import { buttonClass } from './button.tsx';

type Props = {
  /** The button that opens it; leave out and pass `open` to steer it from outside. */
  trigger?: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  title: string;
  description?: string;
  /** The buttons at the foot. */
  actions?: ReactNode;
  children?: ReactNode;
};

/** A question or a small form over the page. Focus stays in it and returns to where it was. */
export function Dialog({ trigger, open, onOpenChange, title, description, actions, children }: Props) {
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      {trigger && <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>}
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 animate-fade-in bg-[rgb(8_14_12/0.5)]" />
        <Primitive.Content
          aria-describedby={description ? undefined : ''}
          className="fixed top-1/2 left-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[min(32rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 animate-fade-in overflow-y-auto rounded-2xl border border-line bg-raised p-6 shadow-float"
        >
          <Primitive.Title className="pr-10 text-xl">{title}</Primitive.Title>
          {description && <Primitive.Description className="mt-2 text-ink-2">{description}</Primitive.Description>}
          {children && <div className="mt-4">{children}</div>}
          {actions && <div className="mt-6 flex flex-wrap justify-end gap-2">{actions}</div>}
          <Primitive.Close aria-label="Close" className={buttonClass({ variant: 'ghost', size: 'sm', icon: true }, 'absolute top-4 right-4')}>
            <X aria-hidden className="size-4" />
          </Primitive.Close>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

/** Wraps a button of a dialog that closes it. */
export const DialogClose = ({ children }: { children: ReactNode }) => <Primitive.Close asChild>{children}</Primitive.Close>;
