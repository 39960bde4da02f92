import type { Output } from '../../lib/core/lessons/notebook.ts';
import { viewOf } from '../../lib/core/lessons/output.ts';
import { renderHtml, renderLatex, renderMarkdown } from '../../lib/core/lessons/render.ts';
import type { Place } from '../../lib/core/lessons/sanitise.ts';
import { ActiveOutput } from './active-output.client.tsx';
import { OutputItem, type RichView } from './output-view.tsx';
import { Prose } from './prose.tsx';

const render = (view: RichView, place: Place) => (view.kind === 'html' ? renderHtml(view.html, place) : view.kind === 'latex' ? renderLatex(view.source, place) : renderMarkdown(view.source, place));

/** Saved outputs, rendered by the site. `foreign`: they are not from a run of the reader's own, so their scripts wait for a click. */
export function SavedOutputs({ outputs, place, foreign }: { outputs: Output[]; place: Place; foreign: boolean }) {
  return outputs.map((output, i) => (
    <OutputItem key={i} view={viewOf(output)} rich={(view) => <Prose tree={render(view, place)} className="nb-rich" />} active={(view) => <ActiveOutput view={view} waits={foreign} />} />
  ));
}
