/** A wall or a limit that servers should have and do not get where they run. `mend`: what an operator can do about it. */
export type Shortfall = { lacks: 'sandbox' | 'memory' | 'cpu' | 'processes' | 'disk'; mend: string };

/** What follows from it, for admins. */
export const sayShortfall = {
  sandbox: 'Servers are not shut in: code of one person can read the files of others and of this site.',
  memory: 'Memory is only looked at once a second, and a server that has too much is ended then: a fast one can take what others need.',
  cpu: 'CPUs are not shared out: one server can slow down all others and the site.',
  processes: 'Processes are not counted: one server can start as many as the machine bears.',
  disk: 'Disks are not limited: one server can fill the machine’s.',
} as const satisfies Record<Shortfall['lacks'], string>;
