'use client';

import { useState, type ReactNode } from 'react';
import { sayUnkept, type Unkept } from '../../../lib/core/workspaces/unkept.ts';
import { Alert } from '../../ui/alert.tsx';
import { deleteFile } from '../session/api.client.ts';
import { TwoPress } from './files-dialog.client.tsx';
import { useLesson } from '../lesson/lesson-context.client.ts';

const SHOWN = 3;

/** Files on the server that go with it, because no snapshot can keep them. Loaded when there are any. */
export default function UnkeptFiles({ unkept, files }: { unkept: Unkept[]; files: ReactNode }) {
  const lesson = useLesson();
  const [refused, setRefused] = useState<string>();

  async function remove(path: string) {
    const at = lesson.workspace();
    const answer = at && (await deleteFile(at, path));
    setRefused(answer?.state === 'refused' ? answer.say : answer?.state === 'ok' ? undefined : 'The site cannot be reached.');
  }

  return (
    <Alert tone="warn" live title={unkept.length === 1 ? 'A file on your server is not kept' : `${unkept.length} files on your server are not kept`} actions={files}>
      What is not kept is lost when the server stops. Make it smaller, delete it, or make room and run a cell.
      <ul className="mt-2 grid gap-1">
        {unkept.slice(0, SHOWN).map(({ path, why }) => (
          <li key={path} className="flex flex-wrap items-center gap-x-3">
            <span className="min-w-0 wrap-anywhere">
              <code>{path}</code> {sayUnkept[why]}
            </span>
            <TwoPress label={`Delete ${path}`} press={() => void remove(path)} />
          </li>
        ))}
      </ul>
      {unkept.length > SHOWN && <p>And {unkept.length - SHOWN} more.</p>}
      {refused && <p className="mt-1 text-bad">{refused}</p>}
    </Alert>
  );
}
