import type { Stage } from './server.ts';

/** What a waiting learner reads, by stage. */
export const stageTexts: Record<Stage, string> = {
  queued: 'Waiting for a place',
  creating: 'Making your server',
  room: 'No machine has room for your server yet: waiting for one',
  image: 'The software your server is made from cannot be fetched: trying again',
  booting: 'Starting Jupyter',
  kernel: 'Starting Python',
  files: 'Bringing your files',
};
