'use client';

import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Place } from '../../lib/core/lessons/sanitise.ts';
import { Banners } from './banners.client.tsx';
import { Cell, type Slot } from './cell.client.tsx';
import { keepWorkSafe } from './leaving.client.ts';
import { makeLesson, type LessonStart } from './lesson.client.ts';
import { LessonContext, useLesson, useOrder, useStatus } from './lesson-context.client.ts';
import type { Entered } from './session.ts';
import { StatusBar } from './status-bar.client.tsx';

// Loaded when they are needed: few visits are.
const Lab = lazy(() => import('./lab.client.tsx'));
const ConflictDialog = lazy(() => import('./conflict.client.tsx'));

type Props = LessonStart & { title: string; slots: { [cell: string]: Slot } };

/** A lesson's notebook: readable from the first byte, alive as soon as its server is there. */
export function NotebookView({ title, slots, ...start }: Props) {
  const [lesson] = useState(() => makeLesson(start));
  useEffect(() => lesson.start(), [lesson]);
  useEffect(() => keepWorkSafe(lesson), [lesson]);
  const place = useMemo<Place>(() => ({ lesson: start.lesson, path: start.path }), [start.lesson, start.path]);
  return (
    <LessonContext value={lesson}>
      <Notebook title={title} slots={slots} place={place} />
    </LessonContext>
  );
}

function Notebook({ title, slots, place }: { title: string; slots: { [cell: string]: Slot }; place: Place }) {
  const lesson = useLesson();
  const order = useOrder();
  const { session, editor, conflict } = useStatus();
  const [fresh, setFresh] = useState<string>();
  const current = useRef<string>(undefined);
  const readOnly = editor === 'lab';
  const at = 'at' in session ? session.at : undefined;

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
        openLab={() => void lesson.handOver('lab')}
      />
      <Banners />
      {readOnly && <LabPlace at={at} title={title} />}
      <div className="nb-cells" inert={readOnly}>
        {order.map((id, i) => (
          <Cell key={id} id={id} number={i + 1} place={place} slot={slots[id]} readOnly={readOnly} isNew={fresh === id} focusNext={focusNext} addAfter={addAfter} />
        ))}
      </div>
      <Suspense>{conflict && <ConflictDialog conflict={conflict} />}</Suspense>
    </div>
  );
}

/** While JupyterLab has the notebook. Where it was opened elsewhere, this page can take it back. */
function LabPlace({ at, title }: { at: Entered | undefined; title: string }) {
  const lesson = useLesson();
  if (!at) return <p className="nb-note">This notebook is open in JupyterLab.</p>;
  return (
    <Suspense>
      <Lab at={at} title={title} back={(saved) => (saved ? lesson.handOver('page') : Promise.resolve(false))} />
    </Suspense>
  );
}
