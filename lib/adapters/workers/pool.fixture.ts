import { serve } from './serve.ts';

type Job = { do: 'measure' } | { do: 'stay' } | { do: 'grow' } | { do: 'fail' } | { do: 'look' };

/** A worker of the tests' own: harmless work, work that never ends, work that takes all memory. */
serve<Job, unknown>((job, bodies) => {
  switch (job.do) {
    case 'measure':
      return bodies.map((body) => body.length);
    case 'stay':
      for (;;);
    case 'grow': {
      const kept: number[][] = [];
      for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => i + 0.5));
    }
    case 'fail':
      throw new TypeError('a mistake of ours');
    case 'look':
      return process.pid;
  }
});
