import { UpstreamError } from '../../core/errors.ts';
import { removeGroup } from './cgroup.ts';
import { launchedProcess, removeFolder, sandboxStatus, type Folder } from './folder.ts';
import { isAlive, ofUid, signal, withDescendants, withMark, type ProcessName } from './process.ts';

const PATIENCE_MS = 20_000;

/** Every process of the server that can be found, the sandbox's own last. */
export function processesOf(folder: Folder, outer: ProcessName | undefined): number[] {
  const { kind, uid, instance } = folder.made;
  const tree = outer && isAlive(outer) ? withDescendants(outer.pid) : [];
  const others = kind === 'root' ? ofUid(uid) : kind === 'none' ? withMark(`LECTERN_INSTANCE=${instance}`) : [];
  return [...new Set([...others, ...tree.reverse()])];
}

/**
 * Ends the server whose folder was moved away, and removes all that was its own. The namespace's first process goes first: with it
 * the system kills every process of the namespace. bubblewrap itself must be the last, for it is how the others are found.
 * @throws UpstreamError('sandbox') when something does not end
 */
export async function endServer(folder: Folder): Promise<void> {
  const outer = launchedProcess(folder);
  const { init } = sandboxStatus(folder);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    // Stopped first, so that it starts nothing between our looking and our killing.
    if (outer && isAlive(outer)) signal(outer.pid, 'SIGSTOP');
    const running = processesOf(folder, outer);
    if (init !== undefined && running.includes(init)) signal(init, 'SIGKILL');
    for (const pid of running) if (pid !== outer?.pid) signal(pid, 'SIGKILL');
    if (outer && isAlive(outer) && running.every((pid) => pid === outer.pid)) signal(outer.pid, 'SIGKILL');
    if (running.length === 0 && removeGroup(folder.made.cgroups)) break;
    if (Date.now() > deadline) throw new UpstreamError('sandbox', `end server ${folder.made.id}: processes ${running.join(', ')} are still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  removeFolder(folder);
}
