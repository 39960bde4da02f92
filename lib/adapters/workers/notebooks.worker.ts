import { ok } from '../../core/errors.ts';
import { parseNotebook } from '../../core/lessons/notebook.ts';
import { sightOf } from '../../core/lessons/sight.ts';
import { sameNotebook } from '../../core/workspaces/canonical.ts';
import { serve } from './serve.ts';

export type NotebookJob = { do: 'check' | 'sight' | 'same' };

const none = Buffer.alloc(0);

serve<NotebookJob, unknown>((job, [one = none, other = none]) => {
  switch (job.do) {
    case 'check': {
      const read = parseNotebook(one.toString('utf8'));
      return read.ok ? ok(undefined) : read;
    }
    case 'sight':
      return sightOf(one.toString('utf8'));
    case 'same':
      return sameNotebook(one, other);
  }
});
