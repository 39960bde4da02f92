'use client';

import clsx from 'clsx';
import { FileUp, FileArchive, FileText, X } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useRef, useState, type DragEvent } from 'react';
import { importLimits, megabytes } from '../../lib/core/courses/import/limits.ts';
import { hasErrors, type ImportReport } from '../../lib/core/courses/import/report.ts';
import type { Refusal } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';
import { Progress } from '../ui/progress.tsx';
import { Report } from './report.tsx';
import { readableSize, totalSize, uploadBody } from './upload-body.ts';

type State =
  | { state: 'choosing'; problem?: string }
  | { state: 'checking'; files: File[] }
  | { state: 'checked'; files: File[]; report: ImportReport; problem?: string }
  | { state: 'importing'; files: File[]; report: ImportReport };

const unreachable = 'The upload broke off. Check your connection and try again.';

/** Files, what they would become, and the press that makes it so. */
export function Upload() {
  const router = useRouter();
  const [at, setAt] = useState<State>({ state: 'choosing' });

  async function check(files: File[]) {
    if (files.length === 0) return;
    if (totalSize(files) > importLimits.uploadBytes) return setAt({ state: 'choosing', problem: `These files have ${readableSize(totalSize(files))}; one upload may have ${megabytes(importLimits.uploadBytes)}.` });
    setAt({ state: 'checking', files });
    const answer = await send<ImportReport>('/api/courses/check', files);
    setAt(answer.ok ? { state: 'checked', files, report: answer.value } : { state: 'choosing', problem: answer.say });
  }

  async function makeCourse(files: File[], report: ImportReport) {
    setAt({ state: 'importing', files, report });
    const answer = await send<{ slug: string }>('/api/courses', files);
    if (answer.ok) router.push(`/teach/${answer.value.slug}`);
    else setAt({ state: 'checked', files, report, problem: answer.say });
  }

  if (at.state === 'choosing' || at.state === 'checking') {
    return (
      <div className="grid gap-6">
        {at.state === 'choosing' && at.problem && (
          <Alert tone="bad" live title="These files were not taken">
            {at.problem}
          </Alert>
        )}
        {at.state === 'checking' ? (
          <div role="status" className="grid gap-4 rounded-xl border border-line bg-surface p-8 text-center shadow-card">
            <p>Reading {at.files.length === 1 ? at.files[0]?.name : `${at.files.length} files`} …</p>
            <Progress label="Reading the files" className="mx-auto w-full max-w-sm" />
          </div>
        ) : (
          <DropZone onFiles={check} />
        )}
      </div>
    );
  }
  const importing = at.state === 'importing';
  return (
    <div className="grid gap-8">
      <FileLine files={at.files} onClear={importing ? undefined : () => setAt({ state: 'choosing' })} />
      {at.state === 'checked' && at.problem && (
        <Alert tone="bad" live title="The course was not made">
          {at.problem}
        </Alert>
      )}
      <Report report={at.report} />
      <div className="flex flex-wrap gap-3">
        {at.report.course && !hasErrors(at.report.problems) && (
          <Button variant="primary" size="lg" busy={importing} onClick={() => void makeCourse(at.files, at.report)}>
            Make this course
          </Button>
        )}
        <Button size="lg" disabled={importing} onClick={() => setAt({ state: 'choosing' })}>
          Choose other files
        </Button>
      </div>
    </div>
  );
}

async function send<T>(address: string, files: File[]): Promise<{ ok: true; value: T } | { ok: false; say: string }> {
  try {
    const response = await fetch(address, { method: 'POST', body: uploadBody(files), headers: { 'content-type': 'application/octet-stream' } });
    const answer = (await response.json()) as T | Refusal;
    return response.ok ? { ok: true, value: answer as T } : { ok: false, say: (answer as Refusal).say };
  } catch {
    return { ok: false, say: unreachable };
  }
}

function DropZone({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void onFiles([...event.dataTransfer.files]);
  }

  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={clsx('grid justify-items-center gap-4 rounded-2xl border-2 border-dashed px-6 py-14 text-center transition-colors', over ? 'border-accent bg-accent-soft' : 'border-line-strong/60 bg-surface')}
    >
      <span className="grid size-14 place-items-center rounded-full bg-accent-soft text-accent">
        <FileUp aria-hidden className="size-7" />
      </span>
      <p className="text-lg font-medium">Drop your notebooks or a zip archive here</p>
      <p className="max-w-md text-ink-2">One notebook, several, or an archive with notebooks, data and pictures. Up to {megabytes(importLimits.uploadBytes)}.</p>
      <Button variant="primary" size="lg" onClick={() => input.current?.click()}>
        Choose files
      </Button>
      <input ref={input} type="file" multiple aria-label="Files of the course" tabIndex={-1} className="sr-only" onChange={(event) => void onFiles([...(event.target.files ?? [])])} />
    </div>
  );
}

function FileLine({ files, onClear }: { files: File[]; onClear?: () => void }) {
  const [first] = files;
  const Icon = first?.name.toLowerCase().endsWith('.zip') ? FileArchive : FileText;
  return (
    <div className="flex items-center gap-3 rounded-xl border border-line bg-surface px-4 py-3">
      <Icon aria-hidden className="size-5 shrink-0 text-accent" />
      <span className="min-w-0 flex-1 truncate font-medium">{files.length === 1 ? first?.name : `${files.length} files`}</span>
      <span className="text-sm text-ink-3">{readableSize(totalSize(files))}</span>
      {onClear && (
        <Button variant="ghost" size="sm" icon aria-label="Remove these files" onClick={onClear}>
          <X aria-hidden className="size-4" />
        </Button>
      )}
    </div>
  );
}
