import { checkedFor } from '../../core/courses/import/notebook.ts';
import { ok } from '../../core/errors.ts';
import { parseNotebook } from '../../core/lessons/notebook.ts';
import { sightOf } from '../../core/lessons/sight.ts';
import { canonicalHash } from '../../core/workspaces/canonical.ts';
import { serve } from './serve.ts';

export type NotebookJob = { do: 'check' | 'sight' | 'hash' } | { do: 'import'; file: string; to: 'plan' | 'keep' };

const none = Buffer.alloc(0);

serve<NotebookJob, unknown>((job, [one = none]) => {
  switch (job.do) {
    case 'check': {
      const read = parseNotebook(one.toString('utf8'));
      return read.ok ? ok(undefined) : read;
    }
    case 'sight':
      return sightOf(one.toString('utf8'));
    case 'import':
      return ok(checkedFor(job.to, job.file, one));
    case 'hash':
      return canonicalHash(one);
  }
});
