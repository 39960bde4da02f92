'use client';

import { useMemo } from 'react';
import { renderHtml, renderLatex, renderMarkdown } from '../../../lib/core/lessons/render.ts';
import type { Place } from '../../../lib/core/lessons/sanitise.ts';
import type { RichView } from './output-view.tsx';
import { Prose } from './prose.tsx';

/** What arrives in the browser, under the same policy as on the site. Loaded when the first such thing arrives. */
export default function LiveProse({ view, place, className }: { view: RichView; place: Place; className?: string }) {
  const tree = useMemo(() => (view.kind === 'html' ? renderHtml(view.html, place) : view.kind === 'latex' ? renderLatex(view.source, place) : renderMarkdown(view.source, place)), [view, place]);
  return <Prose tree={tree} className={className} />;
}
