'use client';

import { lazy, memo, Suspense, useMemo, useState } from 'react';
import type { Output } from '../../../lib/core/lessons/notebook.ts';
import { viewOf } from '../../../lib/core/lessons/output.ts';
import type { Place } from '../../../lib/core/lessons/sanitise.ts';
import { Button } from '../../ui/button.tsx';
import { ActiveOutput } from './active-output.client.tsx';
import { isCut, OutputItem } from './output-view.tsx';

const LiveProse = lazy(() => import('./live-prose.client.tsx'));

/** Outputs of the reader's own runs, as they come. */
export function LiveOutputs({ outputs, place }: { outputs: Output[]; place: Place }) {
  return outputs.map((output, i) => <One key={i} output={output} place={place} />);
}

const One = memo(function One({ output, place }: { output: Output; place: Place }) {
  const [whole, setWhole] = useState(false);
  const view = useMemo(() => viewOf(output), [output]);
  return (
    <>
      <OutputItem
        view={view}
        whole={whole}
        rich={(each) => (
          <Suspense fallback={<pre className="nb-text">{each.kind === 'html' ? each.plain : each.source}</pre>}>
            <LiveProse view={each} place={place} className="nb-rich" />
          </Suspense>
        )}
        active={(each) => <ActiveOutput view={each} waits={false} />}
      />
      {isCut(view) && (
        <Button size="sm" variant="ghost" onClick={() => setWhole(!whole)}>
          {whole ? 'Show less' : 'Show all of it'}
        </Button>
      )}
    </>
  );
});
