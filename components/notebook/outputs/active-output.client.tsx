'use client';

import { Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import type { ActiveView } from './output-view.tsx';

const tallest = 4_000;

/**
 * An output with scripts, in a frame that has an origin of its own and no network (app/output-frame). What is shown goes in
 * through a MessageChannel, once; out of it comes nothing but a height.
 */
export function ActiveOutput({ view, waits }: { view: ActiveView; waits: boolean }) {
  const [allowed, setAllowed] = useState(!waits);
  if (allowed) return <Frame view={view} />;
  return (
    <div className="nb-waits">
      <p>This output came with the lesson and has scripts.</p>
      <Button size="sm" onClick={() => setAllowed(true)}>
        <Play aria-hidden className="size-4" /> Show it
      </Button>
    </div>
  );
}

function Frame({ view }: { view: ActiveView }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(view.what === 'plotly' ? 450 : 120);

  useEffect(() => {
    const element = frame.current;
    if (!element) return undefined;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'number' && Number.isFinite(data)) setHeight(Math.min(tallest, Math.max(24, Math.ceil(data))));
    };
    let given = false;
    // The first document in the frame is ours; what it may navigate itself to afterwards gets nothing.
    const give = () => {
      if (given) return;
      given = true;
      const dark = isDark();
      element.contentWindow?.postMessage({ view, dark }, '*', [port2]);
    };
    element.addEventListener('load', give);
    // Set here and not in the markup: a frame that loaded before this effect would never be given anything.
    element.src = '/output-frame';
    return () => {
      element.removeEventListener('load', give);
      port1.close();
    };
  }, [view]);

  return <iframe ref={frame} title={view.what === 'plotly' ? 'Interactive figure' : 'Interactive output'} className="nb-frame" sandbox="allow-scripts" referrerPolicy="no-referrer" style={{ height }} />;
}

function isDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}
