import { findBwrap, probeSandbox, pythonHomeOf } from '../../lib/adapters/local/probe.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Progress } from '../progress.mjs';

/** Tells, with the mend, when notebook code will not be shut in on this machine. */
export async function warnOfSandbox({ spawner, local }: Config, progress: Progress): Promise<void> {
  if (spawner !== 'local') return;
  const probe = await probeSandbox({ bwrap: findBwrap() ?? '/usr/bin/bwrap', pythonDir: local.pythonDir, pythonHome: pythonHomeOf(local.pythonDir), hidden: [], network: local.network });
  if (probe.kind === 'none') progress.warn(`Notebook code runs without a sandbox: ${probe.advice} Until then use this site alone.`);
}
