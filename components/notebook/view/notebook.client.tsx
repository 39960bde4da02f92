'use client';

import { lazy, startTransition, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Place } from '../../../lib/core/lessons/sanitise.ts';
import { Alert } from '../../ui/alert.tsx';
import { Button } from '../../ui/button.tsx';
import { Banners } from './banners.client.tsx';
import { Cell, type Slot } from './cell.client.tsx';
import { isAhead } from '../runs/opening.client.ts';
import { keepWorkSafe } from '../lesson/leaving.client.ts';
import { makeLesson, type LessonStart, type Status } from '../lesson/lesson.client.ts';
import { LessonContext, useLesson, useOrder, useStatus } from '../lesson/lesson-context.client.ts';
import type { Entered } from '../session/session.ts';
import { useFirst } from './use-first.client.ts';
import { StatusBar } from './status-bar.client.tsx';

// Loaded when they are needed: few visits are.
const Lab = lazy(() => import('./lab.client.tsx'));
const ConflictDialog = lazy(() => import('./conflict.client.tsx'));

type Props = LessonStart & { title: string; slots: { [cell: string]: Slot } };

/** A lesson's notebook: readable from the first byte, alive as soon as its server is there. */
export function NotebookView({ title, slots, ...start }: Props) {
  const [lesson] = useState(() => makeLesson(start));
  const [soon] = useState(() => isAhead(start.lesson));
  useEffect(() => lesson.start(), [lesson]);
  useEffect(() => keepWorkSafe(lesson), [lesson]);
  const place = useMemo<Place>(() => ({ lesson: start.lesson, path: start.path }), [start.lesson, start.path]);
  return (
    <LessonContext value={lesson}>
      <Notebook title={title} slots={slots} place={place} soon={soon} />
    </LessonContext>
  );
}

function Notebook({ title, slots, place, soon }: { title: string; slots: { [cell: string]: Slot }; place: Place; soon: boolean }) {
  const lesson = useLesson();
  const order = useOrder();
  const at = useStatus(({ session }) => ('at' in session ? session.at : undefined));
  const editor = useStatus((status) => status.editor);
  const lab = useStatus((status) => status.lab);
  const conflict = useStatus((status) => status.conflict);
  const [fresh, setFresh] = useState<string>();
  const [labFailed, setLabFailed] = useState(false);
  const current = useRef<string>(undefined);
  const readOnly = editor === 'lab';
  const tools = useToolsLater();
  // JupyterLab stays while its server is away: what is unsaved in it is saved to the next one.
  const [frameAt, setFrameAt] = useState<Entered>();
  const wanted = lab !== 'here' ? undefined : at && at.origin !== frameAt?.origin ? at : frameAt;
  if (wanted !== frameAt) setFrameAt(wanted);

  const focusNext = useCallback(
    (id: string) => {
      const ids = lesson.order();
      const next = document.getElementById(`cell-${ids[ids.indexOf(id) + 1] ?? id}`);
      next?.focus({ preventScroll: true });
      next?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    },
    [lesson],
  );
  const addAfter = useCallback((id: string | undefined, type: 'code' | 'markdown') => setFresh(lesson.add(type, id)), [lesson]);

  return (
    <div
      className="nb"
      onFocusCapture={(event) => {
        current.current = (event.target as HTMLElement).closest<HTMLElement>('section[id^="cell-"]')?.id.slice('cell-'.length) ?? current.current;
      }}
    >
      <StatusBar
        readOnly={readOnly}
        addCell={(type) => addAfter(current.current && order.includes(current.current) ? current.current : order.at(-1), type)}
        openLab={() => void lesson.handOver('lab').then((done) => setLabFailed(!done))}
      />
      {frameAt ? (
        <Suspense>
          <Lab at={frameAt} title={title} />
        </Suspense>
      ) : (
        <>
          <Banners />
          {labFailed && (
            <Alert tone="bad" live className="mb-5" title="JupyterLab was not opened">
              The notebook has to be saved first, and the site did not take it. Try again when it has.
            </Alert>
          )}
          {readOnly && <LabElsewhere lab={lab} canShow={at !== undefined} />}
        </>
      )}
      <div className="nb-cells" inert={readOnly}>
        {useFirst(order, soon).map((id, i) => (
          <Cell key={id} id={id} number={i + 1} place={place} slot={slots[id]} readOnly={readOnly} tools={tools} isNew={fresh === id} focusNext={focusNext} addAfter={addAfter} />
        ))}
      </div>
      <Suspense>{conflict && <ConflictDialog conflict={conflict} />}</Suspense>
    </div>
  );
}

/** Cells' tools show when a cell is pointed at or in focus, and are a third of the page's elements: they come once it has been read. In milliseconds. */
const toolsAfterMs = 1_000;

function useToolsLater(): boolean {
  const [later, setLater] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setLater(true)), toolsAfterMs);
    return () => clearTimeout(timer);
  }, []);
  return later;
}

/** JupyterLab has the notebook, and this page does not show it: the way to take the notebook back. */
function LabElsewhere({ lab, canShow }: { lab: Status['lab']; canShow: boolean }) {
  const lesson = useLesson();
  const [taking, setTaking] = useState<'no' | 'asking' | 'failed'>('no');

  async function take() {
    setTaking('asking');
    setTaking((await lesson.takeBack()) ? 'no' : 'failed');
  }

  if (!lab) return <p className="nb-note">This notebook is open in JupyterLab.</p>;
  return (
    <Alert
      className="mb-5"
      title={lab === 'here' ? 'This notebook is open in JupyterLab' : 'This notebook is open in JupyterLab elsewhere'}
      actions={
        <>
          <Button size="sm" variant="primary" busy={taking === 'asking'} onClick={() => void take()}>
            Edit it here
          </Button>
          <Button size="sm" disabled={!canShow} onClick={() => lesson.showLab()}>
            Show JupyterLab here
          </Button>
        </>
      }
    >
      {lab === 'here' ? 'It is shown as soon as your server is there. ' : 'Another tab or device has it, and this page follows what is saved there. '}
      If you edit it here, what was typed there in the last seconds and not yet saved may stay behind.
      {taking === 'failed' && <span className="block text-bad">The notebook could not be taken back. Try again when the site can be reached.</span>}
    </Alert>
  );
}
