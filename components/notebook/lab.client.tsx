'use client';

import { ArrowLeft } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import type { Entered } from './session.ts';
import { labCommands, type LabCommands } from './lab-commands.client.ts';

const sandbox = 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads';

/** The learner's own JupyterLab, on the workspace's origin, with the kernel the page was connected to. */
export default function Lab({ at, title, back }: { at: Entered; title: string; back: (saved: boolean) => Promise<boolean> }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const commands = useRef<LabCommands>(undefined);
  const [leaving, setLeaving] = useState<'no' | 'saving' | 'failed'>('no');

  useEffect(() => {
    const target = frame.current?.contentWindow;
    if (!target) return undefined;
    commands.current = labCommands(target, at.origin);
    return () => commands.current?.close();
  }, [at.origin]);

  async function leave() {
    setLeaving('saving');
    const saved = (await commands.current?.save()) ?? false;
    if (!(await back(saved))) setLeaving('failed');
  }

  return (
    <div className="nb-lab">
      <div className="nb-lab-bar">
        <Button size="sm" busy={leaving === 'saving'} onClick={() => void leave()}>
          <ArrowLeft aria-hidden className="size-4" /> Back to the lesson
        </Button>
        <span className="truncate text-sm text-ink-2">{title}</span>
        {leaving === 'failed' && (
          <span role="alert" className="text-sm text-bad">
            The notebook could not be saved. Save it in JupyterLab, then try again.
          </span>
        )}
      </div>
      <iframe ref={frame} title={`JupyterLab: ${title}`} src={`${at.origin}/lab/tree/${at.workspace.path.split('/').map(encodeURIComponent).join('/')}`} sandbox={sandbox} allow="clipboard-read; clipboard-write; fullscreen" />
    </div>
  );
}
