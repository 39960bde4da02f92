'use client';

import { ArrowLeft } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { Banners } from './banners.client.tsx';
import type { Entered } from '../session/session.ts';
import { labCommands, type LabCommands } from '../lab/lab-commands.client.ts';
import { useLesson } from '../lesson/lesson-context.client.ts';

const sandbox = 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals allow-downloads';

/** The learner's own JupyterLab, on the workspace's origin, with the kernel the page was connected to. */
export default function Lab({ at, title }: { at: Entered; title: string }) {
  const lesson = useLesson();
  const frame = useRef<HTMLIFrameElement>(null);
  const commands = useRef<LabCommands>(undefined);
  const [leaving, setLeaving] = useState<'no' | 'saving' | 'failed'>('no');
  // JupyterLab's file browser alone is as wide as a phone: there it shows the one document, in its own mode for that.
  const [mode] = useState(() => (matchMedia('(width < 40rem)').matches ? 'doc' : 'lab'));

  useEffect(() => {
    const target = frame.current?.contentWindow;
    if (!target) return undefined;
    const speaking = labCommands(target, at.origin);
    commands.current = speaking;
    const stopAnswering = lesson.showsLab(() => speaking.save());
    return () => {
      stopAnswering();
      speaking.close();
    };
  }, [lesson, at.origin]);

  async function leave() {
    setLeaving('saving');
    const saved = (await commands.current?.save()) ?? false;
    if (!saved || !(await lesson.handOver('page'))) setLeaving('failed');
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
            The notebook could not be saved. Save it in JupyterLab, then try again, or{' '}
            <button type="button" className="underline" onClick={() => void lesson.handOver('page')}>
              go back to what was saved last
            </button>
            .
          </span>
        )}
      </div>
      <Banners />
      <iframe ref={frame} title={`JupyterLab: ${title}`} src={`${at.origin}/${mode}/tree/${at.workspace.path.split('/').map(encodeURIComponent).join('/')}`} sandbox={sandbox} allow="clipboard-read; clipboard-write; fullscreen" />
    </div>
  );
}
