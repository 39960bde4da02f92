'use client';

import { useEffect, useEffectEvent, useState } from 'react';
import { megabytes } from '../../../lib/core/workspaces/size.ts';
import { Alert } from '../../ui/alert.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.client.tsx';
import { deleteFile, listFiles, type FileList } from '../session/api.client.ts';
import { useLesson } from '../lesson/lesson-context.client.ts';

const unreachable = 'The site cannot be reached. Try again.';

/** The files of the workspace, the largest first, to make room. Needs no server. Loaded when it is asked for. */
export default function FilesDialog({ close }: { close: () => void }) {
  const lesson = useLesson();
  const [list, setList] = useState<FileList>();
  const [refused, setRefused] = useState<string>();
  const at = lesson.workspace();

  async function load() {
    const answer = at && (await listFiles(at));
    if (answer?.state === 'ok') setList(answer.value);
    setRefused(answer?.state === 'ok' ? undefined : answer?.state === 'refused' ? answer.say : unreachable);
  }
  const first = useEffectEvent(load);
  useEffect(() => void first(), []);

  async function remove(path: string) {
    const answer = at && (await deleteFile(at, path));
    await load();
    if (answer?.state !== 'ok') return setRefused(answer?.state === 'refused' ? answer.say : unreachable);
    lesson.retrySave();
    return undefined;
  }

  const files = (list?.files ?? []).flatMap((file) => (file.kind === 'file' ? [file] : [])).sort((a, b) => b.size - a.size);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (open) return;
        lesson.recheck();
        close();
      }}
      title="Your files in this course"
      description={list ? `${megabytes(list.usedBytes)} of ${megabytes(list.limitBytes)} are used.` : 'Asking for them.'}
    >
      {refused && <Alert tone="bad" live className="mb-3">{refused}</Alert>}
      <ul className="grid gap-1">
        {files.map(({ path, size }) => (
          <li key={path} className="flex items-center gap-3 border-b border-line py-1 last:border-0">
            <span className="min-w-0 flex-1 wrap-anywhere">{path}</span>
            <span className="shrink-0 text-sm text-ink-2 tabular-nums">{size < 100_000 ? `${Math.ceil(size / 1024)} kB` : megabytes(size)}</span>
            {path === at?.path ? <span className="text-sm text-ink-3">open now</span> : <TwoPress label={`Delete ${path}`} press={() => void remove(path)} />}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** A button that deletes at its second press. */
export function TwoPress({ label, press }: { label: string; press: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button size="sm" variant={asked ? 'danger' : 'ghost'} aria-label={asked ? `${label}, really` : label} onClick={() => (asked ? press() : setAsked(true))} onBlur={() => setAsked(false)}>
      {asked ? 'Really delete' : 'Delete'}
    </Button>
  );
}
