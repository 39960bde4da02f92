import { serve } from './serve.ts';

/** A worker that has not the memory for any job. */
serve(() => process.exit(1));
