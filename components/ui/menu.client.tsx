'use client';

import clsx from 'clsx';
import NextLink from 'next/link';
import { createContext, useContext, useEffect, useId, useRef, useState, type ComponentProps, type KeyboardEvent, type PointerEvent as PointerMove, type ReactNode } from 'react';

const item = 'flex w-full items-center gap-2.5 rounded-lg px-3 py-2 text-left text-[0.9375rem] text-ink no-underline outline-none select-none focus:bg-sunken disabled:opacity-50 [&_svg]:size-4 [&_svg]:text-ink-3';

/** What the button of a menu has to be given. */
export type MenuButton = Pick<ComponentProps<'button'>, 'aria-haspopup' | 'aria-expanded' | 'aria-controls' | 'onClick' | 'onKeyDown'>;

/** Where the focus goes when it opens: to its first item by the keyboard, to itself by a pointer. */
type Open = 'first' | 'last' | 'itself';

const CloseContext = createContext<() => void>(() => undefined);
const itemsOf = (menu: HTMLElement) => [...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]:not(:disabled)')].filter((item) => item.offsetParent);

/** A menu below its button, with the keys of the ARIA menu button pattern. Every page has one: Radix's would be a tenth of its JavaScript. */
export function Menu({ button, label, children }: { button: (props: MenuButton) => ReactNode; label: string; children: ReactNode }) {
  const [open, setOpen] = useState<Open>();
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const menu = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    const items = itemsOf(menu.current!);
    ({ first: items[0], last: items.at(-1), itself: menu.current })[open]?.focus();
    const onPress = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(undefined);
    };
    document.addEventListener('pointerdown', onPress);
    return () => document.removeEventListener('pointerdown', onPress);
  }, [open]);

  function close() {
    root.current?.querySelector('button')?.focus();
    setOpen(undefined);
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    if (event.key === 'Tab') return setOpen(undefined);
    const items = itemsOf(event.currentTarget);
    const at = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') close();
    else if (event.key === ' ' && items[at] instanceof HTMLAnchorElement) items[at].click();
    else {
      const next = nextItem(items, at, event);
      if (!next) return;
      next.focus();
    }
    event.preventDefault();
  }

  function onPointerMove(event: PointerMove) {
    const under = (event.target as Element).closest<HTMLElement>('[role^="menuitem"]:not(:disabled)');
    if (under && under !== document.activeElement) under.focus({ preventScroll: true });
  }

  const face: MenuButton = {
    'aria-haspopup': 'menu',
    'aria-expanded': open !== undefined,
    'aria-controls': open && id,
    // A press by the keyboard is a click without a count.
    onClick: ({ detail }) => setOpen(open ? undefined : detail === 0 ? 'first' : 'itself'),
    onKeyDown: (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      event.preventDefault();
      setOpen(event.key === 'ArrowDown' ? 'first' : 'last');
    },
  };
  return (
    <div ref={root} className="relative">
      {button(face)}
      {open && (
        <div
          ref={menu}
          id={id}
          role="menu"
          aria-label={label}
          tabIndex={-1}
          onKeyDown={onKeyDown}
          onPointerMove={onPointerMove}
          className="absolute top-full right-0 z-50 mt-1.5 max-h-[calc(100dvh-5rem)] w-max min-w-52 animate-float-in overflow-y-auto rounded-xl border border-line bg-raised p-1.5 shadow-float outline-none"
        >
          <CloseContext value={close}>{children}</CloseContext>
        </div>
      )}
    </div>
  );
}

function nextItem(items: HTMLElement[], at: number, { key, ctrlKey, metaKey, altKey }: KeyboardEvent): HTMLElement | undefined {
  switch (key) {
    case 'ArrowDown':
      return items[(at + 1) % items.length];
    case 'ArrowUp':
      return items.at(at <= 0 ? -1 : at - 1);
    case 'Home':
      return items[0];
    case 'End':
      return items.at(-1);
  }
  if (key.length !== 1 || ctrlKey || metaKey || altKey) return undefined;
  return [...items.slice(at + 1), ...items.slice(0, at + 1)].find(({ innerText }) => innerText.trim().toLowerCase().startsWith(key.toLowerCase()));
}

export function MenuItem({ onSelect, disabled, children }: { onSelect: () => void; disabled?: boolean; children: ReactNode }) {
  const close = useContext(CloseContext);
  const select = () => {
    close();
    onSelect();
  };
  return (
    <button type="button" role="menuitem" tabIndex={-1} className={item} disabled={disabled} onClick={select}>
      {children}
    </button>
  );
}

export function MenuLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <NextLink role="menuitem" tabIndex={-1} href={href} className={item} onClick={useContext(CloseContext)}>
      {children}
    </NextLink>
  );
}

/** One of several: a tick shows which. */
export function MenuChoice<T extends string>({ value, onChange, choices }: { value: T; onChange: (value: T) => void; choices: { value: T; label: string; icon?: ReactNode }[] }) {
  const close = useContext(CloseContext);
  const choose = (chosen: T) => {
    close();
    onChange(chosen);
  };
  return (
    <div role="group">
      {choices.map((choice) => (
        <button key={choice.value} type="button" role="menuitemradio" aria-checked={choice.value === value} tabIndex={-1} className={clsx(item, choice.value === value && 'font-medium')} onClick={() => choose(choice.value)}>
          {choice.icon}
          {choice.label}
          {choice.value === value && <span aria-hidden className="ml-auto text-accent">✓</span>}
        </button>
      ))}
    </div>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => <div className="px-3 pt-1.5 pb-2 text-sm text-ink-3">{children}</div>;

export const MenuLine = () => <div role="separator" className="my-1.5 h-px bg-line" />;
