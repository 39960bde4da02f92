import type { Stage } from './server.ts';

/** What a waiting learner reads, by stage. */
export const stageTexts: Record<Stage, string> = {
  queued: 'Waiting for a place',
  creating: 'Making your server',
  booting: 'Starting Jupyter',
  kernel: 'Starting Python',
  files: 'Bringing your files',
};
