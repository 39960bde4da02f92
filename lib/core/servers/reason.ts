/** Why a server ended: the closed list. `learner` is what its owner reads; `operator` what an admin and the log read. */
export const endReasons = {
  idle: { learner: 'Your server was stopped because nothing happened in it for a while. Your files are safe.', operator: 'idle limit reached' },
  lifetime: { learner: 'Your server reached its longest lifetime and was stopped. Your files are safe.', operator: 'lifetime limit reached' },
  requested: { learner: 'Your server was stopped.', operator: 'stopped by its owner' },
  admin: { learner: 'An administrator stopped your server. Your files are safe.', operator: 'stopped by an admin' },
  access: { learner: 'Your server was stopped because your access to this course ended.', operator: 'owner banned or unenrolled' },
  surplus: { learner: 'This server was not needed.', operator: 'pool larger than its target' },
  memory: { learner: 'Your code used more memory than your server has, so the server was stopped. Your saved work is safe: run again with less data.', operator: 'out of memory' },
  processes: { learner: 'Your code started too many processes, so the server was stopped. Your saved work is safe.', operator: 'process limit' },
  crashed: { learner: 'Your server stopped unexpectedly. Your saved work is safe.', operator: 'the server process ended by itself' },
  lost: { learner: 'The machine your server ran on went away. Your saved work is safe.', operator: 'the spawner no longer has this server' },
  evicted: { learner: 'The machine your server ran on needed its room, so the server was stopped. Your saved work is safe.', operator: 'evicted from its node' },
  disk: { learner: 'Your code wrote more than the disk of your server holds, so the server was stopped. Your saved work is safe: run again with less.', operator: 'more on its disk than its profile allows' },
  room: { learner: 'No machine had room for your server. Please try again later; the people who run this site have been told.', operator: 'fits on no node' },
  image: { learner: 'The software your server is made from could not be fetched. Please try again later; the people who run this site have been told.', operator: 'its image could not be pulled' },
  protocol: { learner: 'The software of your server answered in a way it should not, so the server was stopped. Your saved work is safe.', operator: 'answered past a limit, or in another shape than a server of ours does' },
  hung: { learner: 'Your server stopped answering, so it was stopped. Your saved work is safe.', operator: 'did not answer what it was asked, again and again' },
  deadline: { learner: 'Your server did not start in time. Please try again.', operator: 'start deadline exceeded' },
  start: { learner: 'Your server could not be started. Please try again; the people who run this site have been told.', operator: 'the spawner refused or failed the start' },
  mistaken: { learner: 'Your server was replaced.', operator: 'not known to the database, or its identity did not hold' },
} as const;

export type EndReason = keyof typeof endReasons;

/** What became of a cell whose kernel ended, or never got it: the server is still there. What its owner reads under the cell. */
export const kernelEnds = {
  stopped: 'The kernel stopped while this cell was running. Run it again.',
  memory: 'This cell used more memory than your server has, so Python was stopped and its variables are gone. Your saved work is safe: run again with less data.',
  restarted: 'The kernel was restarted while this cell was running.',
  unsent: 'The connection was lost before this cell began. Run it again.',
} as const;
