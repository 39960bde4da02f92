'use client';

import { useRouter } from 'next/navigation';
import { useState, useTransition } from 'react';
import type { Outcome } from '../../lib/core/errors.ts';
import { Alert } from '../ui/alert.tsx';
import { Button } from '../ui/button.tsx';

type Props = { course: string; enrol: (input: { course: string }) => Promise<Outcome<{ course: string }>> };

export function EnrolButton({ course, enrol }: Props) {
  const router = useRouter();
  const [problem, setProblem] = useState<string>();
  const [busy, start] = useTransition();

  const press = () =>
    start(async () => {
      const outcome = await enrol({ course }).catch(() => undefined);
      if (outcome?.ok) return router.refresh();
      setProblem(outcome?.refusal.say ?? 'The site could not be reached. Try again.');
    });

  return (
    <div className="grid gap-3">
      <Button variant="primary" size="lg" busy={busy} onClick={press}>
        Enrol
      </Button>
      {problem && (
        <Alert tone="bad" live>
          {problem}
        </Alert>
      )}
    </div>
  );
}
