'use client';

import clsx from 'clsx';
import NextLink from 'next/link';
import { DropdownMenu as Primitive } from 'radix-ui';
import type { ReactNode } from 'react';

const item =
  'flex w-full items-center gap-2.5 rounded-lg px-3 py-2 text-left text-[0.9375rem] text-ink no-underline outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-sunken [&_svg]:size-4 [&_svg]:text-ink-3';

/** A menu below its button. */
export function Menu({ trigger, label, align = 'end', children }: { trigger: ReactNode; label?: string; align?: 'start' | 'end'; children: ReactNode }) {
  return (
    <Primitive.Root modal={false}>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 min-w-52 animate-float-in rounded-xl border border-line bg-raised p-1.5 shadow-float"
        >
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

export function MenuItem({ onSelect, disabled, children }: { onSelect: () => void; disabled?: boolean; children: ReactNode }) {
  return (
    <Primitive.Item className={item} disabled={disabled} onSelect={onSelect}>
      {children}
    </Primitive.Item>
  );
}

export function MenuLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Primitive.Item asChild>
      <NextLink href={href} className={item}>
        {children}
      </NextLink>
    </Primitive.Item>
  );
}

/** One of several: a tick shows which. */
export function MenuChoice<T extends string>({ value, onChange, choices }: { value: T; onChange: (value: T) => void; choices: { value: T; label: string; icon?: ReactNode }[] }) {
  return (
    <Primitive.RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as T)}>
      {choices.map((choice) => (
        <Primitive.RadioItem key={choice.value} value={choice.value} className={clsx(item, 'data-[state=checked]:font-medium')}>
          {choice.icon}
          {choice.label}
          <Primitive.ItemIndicator className="ml-auto text-accent">✓</Primitive.ItemIndicator>
        </Primitive.RadioItem>
      ))}
    </Primitive.RadioGroup>
  );
}

export const MenuLabel = ({ children }: { children: ReactNode }) => <Primitive.Label className="px-3 pt-1.5 pb-2 text-sm text-ink-3">{children}</Primitive.Label>;

export const MenuLine = () => <Primitive.Separator className="my-1.5 h-px bg-line" />;
