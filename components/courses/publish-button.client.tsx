'use client';

import { Eye, EyeOff } from 'lucide-react';
import type { Outcome } from '../../lib/core/errors.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogClose } from '../ui/dialog.client.tsx';
import { useAct } from './use-act.client.ts';

type Props = { course: string; published: boolean; setPublished: (input: { course: string; published: boolean }) => Promise<Outcome<unknown>> };

/** Shows the course to learners, or after a question hides it from them. */
export function PublishButton({ course, published, setPublished }: Props) {
  const { act, busy } = useAct();

  if (!published) {
    return (
      <Button variant="primary" busy={busy} onClick={() => act(() => setPublished({ course, published: true }), 'Published: learners can see it now')}>
        <Eye aria-hidden className="size-4" /> Publish
      </Button>
    );
  }
  return (
    <Dialog
      trigger={
        <Button busy={busy}>
          <EyeOff aria-hidden className="size-4" /> Unpublish
        </Button>
      }
      title="Unpublish this course?"
      description="Learners no longer see it, those enrolled included. Their work and progress are kept and come back when you publish it again."
      actions={
        <>
          <DialogClose>
            <Button>Cancel</Button>
          </DialogClose>
          <DialogClose>
            <Button variant="danger" onClick={() => act(() => setPublished({ course, published: false }), 'Unpublished')}>
              Unpublish
            </Button>
          </DialogClose>
        </>
      }
    />
  );
}
