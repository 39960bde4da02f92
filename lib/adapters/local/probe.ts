import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UpstreamError } from '../../core/errors.ts';
import { seccompFilter } from './seccomp.ts';
import { sandboxed, type SandboxKind, type SandboxPlaces } from './sandbox.ts';

const run = promisify(execFile);

/** What a trial sandbox showed. `advice` names the mend where a sandbox is not to be had. */
export type SandboxProbe = { kind: 'root' | 'user' } | { kind: 'none'; advice: string };

/**
 * The folder the environment's Python was installed to.
 * @throws UpstreamError('sandbox') when there is no environment
 */
export function pythonHomeOf(pythonDir: string): string {
  try {
    const home = /^home\s*=\s*(.+)$/m.exec(readFileSync(join(pythonDir, 'pyvenv.cfg'), 'utf8'))![1]!.trim();
    return dirname(realpathSync(home));
  } catch (cause) {
    throw new UpstreamError('sandbox', `no notebook environment in ${pythonDir}: run \`npm run up\``, cause);
  }
}

/** bubblewrap, where the usual places have it. */
export const findBwrap = (): string | undefined => ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap', '/run/current-system/sw/bin/bwrap'].find((path) => existsSync(path));

/** Makes a sandbox for a moment, in which the environment's Python must run; decides how servers are shut in on this machine. */
export async function probeSandbox(places: SandboxPlaces, only?: 'user'): Promise<SandboxProbe> {
  if (process.platform !== 'linux') return { kind: 'none', advice: 'there is no sandbox for notebooks on this system: code of one person can read the files of another and of this site. Use Linux for more than one person.' };
  if (!existsSync(places.bwrap)) return { kind: 'none', advice: 'bubblewrap is not installed. Install it: `apt install bubblewrap` (Debian, Ubuntu), `dnf install bubblewrap` (Fedora).' };
  const kinds: Exclude<SandboxKind, 'none'>[] = process.getuid?.() === 0 && only === undefined ? ['root', 'user'] : ['user'];
  const refusals: string[] = [];
  for (const kind of kinds) {
    const refusal = await tryOne(kind, places);
    if (refusal === undefined) return { kind };
    refusals.push(refusal);
  }
  return { kind: 'none', advice: adviceFor(refusals.join('; ')) };
}

async function tryOne(kind: 'root' | 'user', places: SandboxPlaces): Promise<string | undefined> {
  const command = sandboxed(kind, kind === 'root' ? trialUid : 1000, { diskBytes: 1 << 20, processes: 100 }, places, ['/opt/lectern/python/bin/python', '-I', '-S', '-c', 'import os; os.wait() if os.fork() else os._exit(0)']);
  // The descriptors a real launch hands over: here the numbers just have to be open.
  const shell = 'exec 4>/dev/null 5</dev/null 6</dev/null 7<&0; exec "$@"';
  try {
    const trial = run('/bin/sh', ['-c', shell, 'sh', ...command], { timeout: 20_000, env: {} as NodeJS.ProcessEnv });
    trial.child.stdin?.on('error', () => undefined).end(seccompFilter(process.arch));
    await trial;
    return undefined;
  } catch (error) {
    return (error as { stderr?: string }).stderr?.trim() || String(error);
  }
}

const trialUid = 0x7000_0000;

/** Pure: from what bubblewrap complained of to what an operator can do. */
export function adviceFor(complaint: string): string {
  const restricted = /^1/.test(readOr('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'));
  if (restricted) {
    return 'AppArmor forbids bubblewrap here (Ubuntu 23.10 and later). Allow it: put the profile `abi <abi/4.0>, include <tunables/global> profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }` into /etc/apparmor.d/bwrap and run `sudo systemctl reload apparmor`.';
  }
  if (/No permissions to create new namespace|Creating new namespace failed|setting up uid map/i.test(complaint)) {
    return `this system forbids user namespaces: \`sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000\` (in a container: run it with --privileged, or with namespaces and mounts allowed). bubblewrap said: ${complaint}`;
  }
  if (/Unknown option/i.test(complaint)) return `bubblewrap is too old (0.5 or newer is needed): ${complaint}`;
  return `bubblewrap failed its trial: ${complaint}`;
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
