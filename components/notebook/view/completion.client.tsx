'use client';

import { Check } from 'lucide-react';
import { useState, useTransition } from 'react';
import type { Outcome } from '../../../lib/core/errors.ts';
import type { LessonId } from '../../../lib/core/ids.ts';
import { Button } from '../../ui/button.tsx';

/** The learner's own mark that the lesson is done. */
export function Completion({ lesson, completed, complete }: { lesson: LessonId; completed: boolean; complete: (input: { lesson: LessonId }) => Promise<Outcome<undefined>> }) {
  const [pending, start] = useTransition();
  const [done, setDone] = useState(completed);
  const [problem, setProblem] = useState<string>();
  if (done) {
    return (
      <p className="nb-done" role="status">
        <Check aria-hidden className="size-5" /> Completed
      </p>
    );
  }
  return (
    <div className="grid justify-items-center gap-2">
      <Button
        variant="primary"
        busy={pending}
        onClick={() =>
          start(async () => {
            const outcome = await complete({ lesson });
            if (outcome.ok) setDone(true);
            else setProblem(outcome.refusal.say);
          })
        }
      >
        <Check aria-hidden className="size-4" /> Mark as completed
      </Button>
      {problem && (
        <p role="alert" className="text-sm text-bad">
          {problem}
        </p>
      )}
    </div>
  );
}
