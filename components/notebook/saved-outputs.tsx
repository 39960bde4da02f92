import type { Output } from '../../lib/core/lessons/notebook.ts';
import { viewOf } from '../../lib/core/lessons/output.ts';
import { asTyped, renderHtml, renderLatex, renderMarkdown } from '../../lib/core/lessons/render.ts';
import { proseBudget } from '../../lib/core/lessons/budget.ts';
import type { Place } from '../../lib/core/lessons/sanitise.ts';
import { ActiveOutput } from './active-output.client.tsx';
import { OutputItem, type RichView } from './output-view.tsx';
import { Prose } from './prose.tsx';

type Clock = { isOver(): boolean };

const sourceOf = (view: RichView) => (view.kind === 'html' ? view.html : view.source);
const render = (view: RichView, place: Place, clock: Clock) =>
  clock.isOver() ? asTyped(sourceOf(view).slice(0, proseBudget.characters)) : (view.kind === 'html' ? renderHtml(view.html, place) : view.kind === 'latex' ? renderLatex(view.source, place) : renderMarkdown(view.source, place));

/**
 * Saved outputs, rendered by the site. `foreign`: they are not from a run of the reader's own, so their scripts wait for a click. `left`: how
 * many more there are.
 */
export function SavedOutputs({ outputs, left, place, foreign, clock }: { outputs: Output[]; left: number; place: Place; foreign: boolean; clock: Clock }) {
  return (
    <>
      {outputs.map((output, i) => (
        <OutputItem key={i} view={viewOf(output)} rich={(view) => <Prose tree={render(view, place, clock)} className="nb-rich" />} active={(view) => <ActiveOutput view={view} waits={foreign} />} />
      ))}
      {left > 0 && <p className="nb-note">{left.toLocaleString('en')} more outputs are not shown here. JupyterLab shows all of them.</p>}
    </>
  );
}
