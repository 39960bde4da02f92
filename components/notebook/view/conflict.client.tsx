'use client';

import { useState } from 'react';
import { parseNotebook } from '../../../lib/core/lessons/notebook.ts';
import { Button } from '../../ui/button.tsx';
import type { Conflict } from '../saving/autosave.client.ts';
import { useLesson } from '../lesson/lesson-context.client.ts';

/** A stale save: both versions, cell by cell where they differ. It stays until the learner has chosen. */
export default function ConflictDialog({ conflict }: { conflict: Conflict }) {
  const lesson = useLesson();
  const [failed, setFailed] = useState<string>();
  const settle = async (choice: 'mine' | 'theirs' | 'both') => setFailed(await lesson.settle(choice));
  return (
    <div className="nb-conflict" role="alertdialog" aria-modal aria-labelledby="conflict-title" aria-describedby="conflict-text">
      <div className="nb-conflict-box">
        <h2 id="conflict-title" className="text-xl">
          This notebook was changed elsewhere
        </h2>
        <p id="conflict-text" className="mt-2 text-ink-2">
          Another tab, another device or JupyterLab saved it while you had changes here. Nothing is lost: choose which version goes on. Every version stays in the history.
        </p>
        <div className="nb-conflict-sides">
          {differences(conflict).map(({ id, mine, theirs }) => (
            <div key={id} className="nb-conflict-row">
              <Side title="Here" text={mine} />
              <Side title="Saved elsewhere" text={theirs} />
            </div>
          ))}
        </div>
        {failed !== undefined && (
          <p role="alert" className="mt-4 text-bad">
            The copy was not kept. {failed}
          </p>
        )}
        <div className="mt-5 flex flex-wrap justify-end gap-2">
          <Button onClick={() => void settle('theirs')}>Take the other</Button>
          <Button onClick={() => void settle('both')}>Take the other, keep mine as a copy</Button>
          <Button variant="primary" autoFocus onClick={() => void settle('mine')}>
            Keep mine
          </Button>
        </div>
      </div>
    </div>
  );
}

const Side = ({ title, text }: { title: string; text: string | undefined }) => (
  <figure>
    <figcaption>{title}</figcaption>
    {text === undefined ? <p className="nb-note">Not in this version.</p> : <pre className="nb-text">{text || '(empty)'}</pre>}
  </figure>
);

type Difference = { id: string; mine: string | undefined; theirs: string | undefined };

/** The cells in which two versions differ, by id; outputs count, and are summed up in a word. */
export function differences({ mine, theirs }: Conflict): Difference[] {
  const read = (text: string) => {
    const parsed = parseNotebook(text);
    const cells = parsed.ok ? parsed.value.cells : [];
    return new Map(cells.map((cell) => [cell.id, cell]));
  };
  const [here, there] = [read(mine), read(theirs.text)];
  return [...new Set([...here.keys(), ...there.keys()])].flatMap((id) => {
    const [a, b] = [here.get(id), there.get(id)];
    if (a?.source !== b?.source) return [{ id, mine: a?.source, theirs: b?.source }];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    return [{ id, mine: `${a?.source}\n\n(its outputs differ)`, theirs: b?.source }];
  });
}
