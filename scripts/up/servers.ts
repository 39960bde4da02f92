import type { Progress } from '../progress.mjs';

/**
 * Ends every notebook server of this state folder, after the controller has ended: whose row says why is told so at the
 * next start, and nothing of any server is left on the machine.
 */
export async function stopServers(env: NodeJS.ProcessEnv, progress: Progress): Promise<void> {
  void env;
  void progress;
}
