'use client';

import { useMemo } from 'react';
import { sourceOf, type RichView } from '../../../lib/core/lessons/output.ts';
import { render } from '../../../lib/core/lessons/render.ts';
import type { Place } from '../../../lib/core/lessons/sanitise.ts';
import { Prose } from './prose.tsx';

/** What arrives in the browser, under the same policy as on the site. Loaded when the first such thing arrives. */
export default function LiveProse({ view, place, className }: { view: RichView; place: Place; className?: string }) {
  const tree = useMemo(() => render({ kind: view.kind, source: sourceOf(view), place }), [view, place]);
  return <Prose tree={tree} className={className} />;
}
