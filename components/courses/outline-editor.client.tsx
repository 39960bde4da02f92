'use client';

import { ArrowDown, ArrowUp, Pencil, Trash2 } from 'lucide-react';
import NextLink from 'next/link';
import { useState, type FormEvent, type ReactNode } from 'react';
import type { Direction } from '../../lib/core/courses/authoring.ts';
import type { Outline } from '../../lib/core/courses/course.ts';
import type { Outcome } from '../../lib/core/errors.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogClose } from '../ui/dialog.client.tsx';
import { Input } from '../ui/input.tsx';
import { useAct } from './use-act.client.ts';

type Done = Promise<Outcome<unknown>>;
export type OutlineActions = {
  renameModule: (input: { course: string; module: string; title: string }) => Done;
  renameLesson: (input: { course: string; lesson: string; title: string }) => Done;
  shiftModule: (input: { course: string; module: string; direction: Direction }) => Done;
  shiftLesson: (input: { course: string; lesson: string; direction: Direction }) => Done;
  removeLesson: (input: { course: string; lesson: string }) => Done;
};

/** Modules and lessons with everything that can be done to them. Every move is a button, so it works with a keyboard. */
export function OutlineEditor({ course, modules, actions }: { course: string; modules: Outline['modules']; actions: OutlineActions }) {
  const lessons = modules.flatMap((module) => module.lessons);
  return (
    <ol className="grid grid-cols-[minmax(0,1fr)] gap-8">
      {modules.map((module, index) => (
        <li key={module.id}>
          <Line
            heading
            title={module.title}
            kind="module"
            first={index === 0}
            last={index === modules.length - 1}
            rename={(title) => actions.renameModule({ course, module: module.id, title })}
            shift={(direction) => actions.shiftModule({ course, module: module.id, direction })}
          />
          {module.lessons.length === 0 ? (
            <p className="mt-2 rounded-xl border border-dashed border-line-strong/60 px-5 py-4 text-sm text-ink-3">No lesson left here. Learners do not see an empty module.</p>
          ) : (
            <ol className="mt-2 overflow-hidden rounded-xl border border-line bg-surface shadow-card">
              {module.lessons.map((lesson) => (
                <li key={lesson.id} className="border-line px-2 py-1.5 not-first:border-t sm:px-3">
                  <Line
                    title={lesson.title}
                    kind="lesson"
                    href={`/courses/${course}/${lesson.slug}`}
                    path={lesson.path}
                    draft={!lesson.published}
                    first={index === 0 && lesson.id === module.lessons[0]?.id}
                    last={index === modules.length - 1 && lesson.id === lessons.at(-1)?.id}
                    rename={(title) => actions.renameLesson({ course, lesson: lesson.id, title })}
                    shift={(direction) => actions.shiftLesson({ course, lesson: lesson.id, direction })}
                    remove={() => actions.removeLesson({ course, lesson: lesson.id })}
                  />
                </li>
              ))}
            </ol>
          )}
        </li>
      ))}
    </ol>
  );
}

type LineProps = {
  title: string;
  kind: 'module' | 'lesson';
  heading?: boolean;
  href?: string;
  path?: string;
  draft?: boolean;
  first: boolean;
  last: boolean;
  rename: (title: string) => Done;
  shift: (direction: Direction) => Done;
  remove?: () => Done;
};

function Line({ title, kind, heading = false, href, path, draft = false, first, last, rename, shift, remove }: LineProps) {
  const [renaming, setRenaming] = useState(false);
  const { act, busy } = useAct();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get('title') ?? '').trim();
    if (wanted === '' || wanted === title) return setRenaming(false);
    act(() => rename(wanted), undefined, () => setRenaming(false));
  }

  if (renaming) {
    return (
      <form onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && setRenaming(false)} className="flex flex-wrap gap-2 p-1.5">
        <Input name="title" aria-label={`Title of the ${kind}`} defaultValue={title} maxLength={120} autoFocus className="min-w-0 flex-1 basis-48" />
        <Button type="submit" variant="primary" busy={busy}>
          Save
        </Button>
        <Button onClick={() => setRenaming(false)}>Cancel</Button>
      </form>
    );
  }
  const Title = heading ? 'h3' : 'span';
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1 px-1.5 py-1">
      <div className="min-w-0 flex-1 basis-48">
        <Title className={heading ? 'text-lg' : ''}>
          {href ? (
            <NextLink href={href} prefetch={false} className="text-ink no-underline hover:underline">
              {title}
            </NextLink>
          ) : (
            title
          )}
        </Title>
        {draft && <Badge className="ml-2">Draft</Badge>}
        {path && <p className="truncate font-mono text-xs text-ink-3">{path}</p>}
      </div>
      <div className="ml-auto flex">
        <IconButton label={`Move ${title} up`} disabled={first || busy} onClick={() => act(() => shift('up'))} icon={<ArrowUp aria-hidden className="size-4" />} />
        <IconButton label={`Move ${title} down`} disabled={last || busy} onClick={() => act(() => shift('down'))} icon={<ArrowDown aria-hidden className="size-4" />} />
        <IconButton label={`Rename ${title}`} onClick={() => setRenaming(true)} icon={<Pencil aria-hidden className="size-4" />} />
        {remove && <RemoveButton title={title} busy={busy} remove={() => act(remove, `“${title}” was deleted`)} />}
      </div>
    </div>
  );
}

/** Disabled by aria only: a button that leaves the tab order under a finger loses the focus of who just moved something to the end. */
const IconButton = ({ label, icon, disabled = false, onClick }: { label: string; icon: ReactNode; disabled?: boolean; onClick: () => void }) => (
  <Button variant="ghost" size="sm" icon aria-label={label} title={label} aria-disabled={disabled || undefined} onClick={disabled ? undefined : onClick}>
    {icon}
  </Button>
);

const RemoveButton = ({ title, busy, remove }: { title: string; busy: boolean; remove: () => void }) => (
  <Dialog
    trigger={
      <Button variant="ghost" size="sm" icon aria-label={`Delete ${title}`} title={`Delete ${title}`} disabled={busy}>
        <Trash2 aria-hidden className="size-4" />
      </Button>
    }
    title={`Delete “${title}”?`}
    description="The lesson and everyone's progress in it are removed for good. Copies learners have in their own files stay with them."
    actions={
      <>
        <DialogClose>
          <Button>Cancel</Button>
        </DialogClose>
        <DialogClose>
          <Button variant="danger" onClick={remove}>
            Delete lesson
          </Button>
        </DialogClose>
      </>
    }
  />
);
