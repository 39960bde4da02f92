import type { Root } from 'hast';
import type { OutputView } from '../../../lib/core/lessons/output.ts';
import { ActiveOutput } from './active-output.client.tsx';
import { OutputItem } from './output-view.tsx';
import { Prose } from './prose.tsx';

/** How a saved output is shown; a rich one with the safe tree that was prepared of it. */
export type SavedView = { view: OutputView; tree?: Root };

/**
 * Saved outputs, prepared by the site. `foreign`: they are not from a run of the reader's own, so their scripts wait for a click. `left`: how
 * many more there are.
 */
export function SavedOutputs({ views, left, foreign }: { views: SavedView[]; left: number; foreign: boolean }) {
  return (
    <>
      {views.map(({ view, tree }, i) => (
        <OutputItem key={i} view={view} rich={() => tree && <Prose tree={tree} className="nb-rich" />} active={(each) => <ActiveOutput view={each} waits={foreign} />} />
      ))}
      {left > 0 && <p className="nb-note">{left.toLocaleString('en')} more outputs are not shown here. JupyterLab shows all of them.</p>}
    </>
  );
}
