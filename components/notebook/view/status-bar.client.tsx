'use client';

import clsx from 'clsx';
import { Check, CloudOff, Code2, FastForward, FlaskConical, LoaderCircle, MoreHorizontal, RotateCcw, Square, TriangleAlert, Type } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { buttonClass } from '../../ui/button.tsx';
import { useLesson, useStatus } from '../lesson/lesson-context.client.ts';
import { saveText } from '../saving/save.ts';
import type { Session } from '../session/session.ts';
import { useLate } from './use-late.client.ts';

const RestartDialog = lazy(() => import('./restart-dialog.client.tsx'));

/** What can be done with the whole notebook, and how it stands with server and saves. Always in view. */
export function StatusBar({ readOnly, addCell, openLab }: { readOnly: boolean; addCell: (type: 'code' | 'markdown') => void; openLab: () => void }) {
  const lesson = useLesson();
  const hasKernel = useStatus(({ session }) => 'at' in session);
  const busy = useLate(useStatus(({ session, running }) => running > 0 || (session.state === 'connected' && session.kernel === 'busy')));
  const [asksRestart, askRestart] = useState(false);

  return (
    <div className="nb-bar" role="toolbar" aria-label="Notebook">
      <div className="nb-bar-actions">
        <Tool label="Run all cells" disabled={readOnly} onClick={() => lesson.runAll()} icon={<FastForward aria-hidden />} text="Run all" />
        <Tool label="Interrupt the kernel" disabled={readOnly || !busy} onClick={() => lesson.interrupt()} icon={<Square aria-hidden />} />
        <Tool label="Restart the kernel" disabled={readOnly || !hasKernel} onClick={() => askRestart(true)} icon={<RotateCcw aria-hidden />} />
        <span className="nb-bar-rule" aria-hidden />
        <Tool label="Add a code cell" disabled={readOnly} onClick={() => addCell('code')} icon={<Code2 aria-hidden />} />
        <Tool label="Add a text cell" disabled={readOnly} onClick={() => addCell('markdown')} icon={<Type aria-hidden />} />
        <span className="nb-bar-rule" aria-hidden />
        <Tool label="Open in JupyterLab" disabled={readOnly || !hasKernel} onClick={openLab} icon={<FlaskConical aria-hidden />} text="JupyterLab" />
      </div>
      <div className="nb-bar-state">
        <Saved retry={lesson.retrySave} />
        <Kernel busy={busy} />
      </div>
      {asksRestart && (
        <Suspense>
          <RestartDialog close={() => askRestart(false)} restart={() => void lesson.restart()} />
        </Suspense>
      )}
    </div>
  );
}

type ToolProps = { label: string; text?: string; icon: React.ReactNode; disabled: boolean; onClick: () => void };

const Tool = ({ label, text, icon, disabled, onClick }: ToolProps) => (
  <button type="button" className={buttonClass({ variant: 'ghost', size: 'sm', icon: !text }, 'nb-tool')} aria-label={label} title={label} disabled={disabled} onClick={onClick}>
    {icon}
    {text && <span className="max-sm:hidden">{text}</span>}
  </button>
);

function Saved({ retry }: { retry: () => void }) {
  const save = useStatus((status) => status.save);
  const text = saveText(save);
  const icon = {
    saved: <Check aria-hidden />,
    unsaved: <MoreHorizontal aria-hidden />,
    saving: <LoaderCircle aria-hidden className="animate-spin" />,
    offline: <CloudOff aria-hidden />,
    unread: <CloudOff aria-hidden />,
    conflict: <TriangleAlert aria-hidden />,
    refused: <TriangleAlert aria-hidden />,
  }[save.state];
  const isBad = save.state === 'offline' || save.state === 'unread' || save.state === 'conflict' || save.state === 'refused';
  return (
    <span className={clsx('nb-state', isBad && 'nb-state-bad')} data-save={save.state}>
      {icon}
      {/* Said aloud only where something is wrong: each save would be too much. */}
      <span role={isBad ? 'status' : undefined}>{text}</span>
      {(save.state === 'offline' || save.state === 'unread' || save.state === 'refused') && (
        <button type="button" className="underline" onClick={retry}>
          Try again
        </button>
      )}
    </span>
  );
}

/** The state of server and kernel in a word. */
export function kernelWord(session: Session, busy: boolean): { word: string; tone: 'off' | 'wait' | 'idle' | 'busy' | 'bad' } {
  switch (session.state) {
    case 'closed':
    case 'opening':
    case 'entering':
      return { word: 'Opening', tone: 'wait' };
    case 'waiting':
      return { word: 'Waiting for a server', tone: 'wait' };
    case 'entered':
      return busy ? { word: 'Connecting', tone: 'wait' } : { word: 'Ready', tone: 'idle' };
    case 'connecting':
      return { word: 'Connecting', tone: 'wait' };
    case 'connected':
      return busy ? { word: 'Running', tone: 'busy' } : session.kernel === 'restarting' ? { word: 'Restarting', tone: 'wait' } : { word: 'Ready', tone: 'idle' };
    case 'lost':
      return { word: 'Reconnecting', tone: 'wait' };
    case 'ended':
      return session.ran ? { word: 'Server stopped', tone: 'off' } : { word: 'No server', tone: 'bad' };
    case 'refused':
      return { word: 'No server', tone: 'bad' };
    case 'signed-out':
      return { word: 'Signed out', tone: 'bad' };
  }
}

function Kernel({ busy }: { busy: boolean }) {
  const session = useStatus((status) => status.session);
  const { word, tone } = kernelWord(session, busy);
  return (
    <span className="nb-state" data-kernel={session.state === 'connected' ? session.kernel : session.state}>
      <span aria-hidden className={clsx('nb-dot', `nb-dot-${tone}`)} />
      {word}
    </span>
  );
}
