'use client';

import clsx from 'clsx';
import { ArrowDown, ArrowUp, Play, Square, Trash2 } from 'lucide-react';
import { lazy, memo, Suspense, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Place } from '../../../lib/core/lessons/sanitise.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Code, type CodeHandle } from './code-cell.client.tsx';
import { InputPrompt } from './input-prompt.client.tsx';
import { useCell, useLesson } from '../lesson/lesson-context.client.ts';
import { LiveOutputs } from '../outputs/live-outputs.client.tsx';
import type { PageCell, Run } from '../runs/page-cells.ts';
import { useLate } from './use-late.client.ts';

const LiveProse = lazy(() => import('../outputs/live-prose.client.tsx'));

/** What the site rendered of a cell. */
export type Slot = { prose?: ReactNode; code?: ReactNode; outputs?: ReactNode };

type Props = { id: string; number: number; place: Place; slot?: Slot; readOnly: boolean; /** Whether its tools are there yet. */ tools: boolean; isNew: boolean; focusNext: (id: string) => void; addAfter: (id: string, type: 'code' | 'markdown') => void };

/** One cell: a region with a name, so that people who do not see the page can walk from one to the next. */
export const Cell = memo(function Cell({ id, number, place, slot, readOnly, tools, isNew, focusNext, addAfter }: Props) {
  const lesson = useLesson();
  const state = useCell(id);
  if (!state) return null;

  function onKeyDown(event: KeyboardEvent) {
    // The answer to the cell's question.
    if (event.target instanceof HTMLInputElement) return;
    if (event.key !== 'Enter' || readOnly || !(event.shiftKey || event.ctrlKey || event.metaKey || event.altKey)) return;
    event.preventDefault();
    event.stopPropagation();
    lesson.run(id);
    if (event.altKey) addAfter(id, 'code');
    else if (event.shiftKey) focusNext(id);
  }

  const label = `${state.cell.type === 'code' ? 'Code' : 'Text'} cell ${number}`;
  return (
    <section id={`cell-${id}`} aria-label={label} tabIndex={-1} className={clsx('nb-cell group', state.cell.type === 'code' ? 'nb-cell-code' : 'nb-cell-text')} data-run={state.run.state} onKeyDown={(event) => event.target === event.currentTarget && onKeyDown(event)}>
      {state.cell.type === 'code' ? (
        <CodeCell state={state} label={label} place={place} slot={slot} readOnly={readOnly} isNew={isNew} onKeyDown={onKeyDown} />
      ) : (
        <TextCell state={state} label={label} place={place} slot={slot} readOnly={readOnly} isNew={isNew} focusNext={focusNext} />
      )}
      {tools && !readOnly && <CellTools id={id} label={label} />}
    </section>
  );
});

type PartProps = Pick<Props, 'place' | 'slot' | 'readOnly' | 'isNew'> & { state: PageCell; label: string };

function CodeCell({ state, label, place, slot, readOnly, isNew, onKeyDown }: PartProps & { onKeyDown: (event: KeyboardEvent) => void }) {
  const lesson = useLesson();
  const code = useRef<CodeHandle>(null);
  const { cell, shown, run, rendered } = state;
  const underWay = useLate(run.state === 'queued' || run.state === 'running');
  const busy = run.state === 'asking' || (underWay && run.state === 'running');
  const hasOutputs = rendered.outputs ? slot?.outputs != null : shown.outputs.length > 0;

  return (
    <div onKeyDownCapture={onKeyDown} onPointerEnter={lesson.approach}>
      <div className="nb-input" data-busy={busy || undefined}>
        <div className="nb-gutter">
          <button type="button" className="nb-run" disabled={readOnly} onClick={() => (busy ? lesson.interrupt() : lesson.run(cell.id))} aria-label={busy ? `Interrupt cell, ${label}` : `Run ${label}`} title={busy ? 'Interrupt' : 'Run (Shift-Enter)'}>
            {busy ? <Square aria-hidden className="size-3.5" /> : <Play aria-hidden className="size-4" />}
          </button>
          <span className="nb-count" aria-hidden>
            {busy || underWay ? '*' : cell.type === 'code' && cell.executionCount !== null ? cell.executionCount : '\u00a0'}
          </span>
        </div>
        <Code
          ref={code}
          id={cell.id}
          source={cell.source}
          label={label}
          readOnly={readOnly}
          highlighted={rendered.source ? slot?.code : undefined}
          startsOpen={isNew}
          left={() => document.getElementById(`cell-${cell.id}`)?.focus()}
        />
      </div>
      <div className={clsx('nb-outputs', !hasOutputs && run.state !== 'asking' && run.state !== 'lost' && 'nb-no-outputs')} role="group" aria-label={`Output of ${label}`} aria-live="polite" aria-busy={busy}>
        {rendered.outputs ? slot?.outputs : <LiveOutputs outputs={shown.outputs} place={place} />}
        {run.state === 'asking' && <InputPrompt question={run.question} />}
        {run.state === 'lost' && <p className="nb-note nb-lost">{run.say}</p>}
      </div>
      {underWay && run.state === 'queued' ? <p className="nb-run-note">Waiting to run</p> : <RunNote run={run} />}
    </div>
  );
}

function RunNote({ run }: { run: Run }) {
  if (run.state !== 'done' || run.tookMs === undefined || run.tookMs < 1_000) return null;
  return <p className="nb-run-note">{run.tookMs < 60_000 ? `${(run.tookMs / 1_000).toFixed(1)} s` : `${Math.floor(run.tookMs / 60_000)} min ${Math.round((run.tookMs % 60_000) / 1_000)} s`}</p>;
}

function TextCell({ state, label, place, slot, readOnly, isNew, focusNext }: PartProps & Pick<Props, 'focusNext'>) {
  const lesson = useLesson();
  const [editing, setEditing] = useState(isNew);
  const { cell, rendered } = state;

  if (editing && !readOnly) {
    return (
      <textarea
        className="nb-text-editor"
        aria-label={`${label}, Markdown. Shift-Enter shows it.`}
        value={cell.source}
        autoFocus
        rows={Math.max(3, cell.source.split('\n').length + 1)}
        onChange={(event) => lesson.edit(cell.id, event.target.value)}
        onBlur={() => setEditing(false)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' && !(event.key === 'Enter' && (event.shiftKey || event.ctrlKey || event.metaKey))) return;
          event.preventDefault();
          setEditing(false);
          if (event.shiftKey) focusNext(cell.id);
        }}
      />
    );
  }
  const view = { kind: 'markdown' as const, source: cell.source };
  return (
    <div onDoubleClick={readOnly ? undefined : () => setEditing(true)}>
      {rendered.source && slot?.prose ? (
        slot.prose
      ) : cell.type === 'raw' ? (
        <pre className="nb-text">{cell.source}</pre>
      ) : cell.source.trim() === '' ? (
        <p className="nb-note">An empty text cell. Double-click to write.</p>
      ) : (
        <Suspense fallback={<pre className="nb-prose nb-text">{cell.source}</pre>}>
          <LiveProse view={view} place={cell.type === 'markdown' ? { ...place, attachments: cell.attachments } : place} className="nb-prose" />
        </Suspense>
      )}
      {!readOnly && (
        <button type="button" className={buttonClass({ variant: 'ghost', size: 'sm' }, 'nb-edit-text')} onClick={() => setEditing(true)}>
          Edit {label.toLowerCase()}
        </button>
      )}
    </div>
  );
}

function CellTools({ id, label }: { id: string; label: string }) {
  const lesson = useLesson();
  const look = buttonClass({ variant: 'ghost', size: 'sm', icon: true });
  return (
    <div className="nb-tools" role="toolbar" aria-label={`Tools of ${label}`}>
      <button type="button" className={look} aria-label={`Move ${label} up`} title="Move up" onClick={() => lesson.move(id, -1)}>
        <ArrowUp aria-hidden className="size-4" />
      </button>
      <button type="button" className={look} aria-label={`Move ${label} down`} title="Move down" onClick={() => lesson.move(id, 1)}>
        <ArrowDown aria-hidden className="size-4" />
      </button>
      <button type="button" className={look} aria-label={`Delete ${label}`} title="Delete" onClick={() => lesson.remove(id)}>
        <Trash2 aria-hidden className="size-4" />
      </button>
    </div>
  );
}
