import type { Root } from 'hast';
import { toJsxRuntime } from 'hast-util-to-jsx-runtime';
import { Fragment, jsx, jsxs } from 'react/jsx-runtime';

/** A safe tree (lib/core/lessons/render.ts) as React elements: HTML is never written and read again, so nothing can change its meaning in between. */
export function Prose({ tree, className = 'nb-prose' }: { tree: Root; className?: string }) {
  return <div className={className}>{toJsxRuntime(tree, { Fragment, jsx, jsxs, ignoreInvalidStyle: true })}</div>;
}
