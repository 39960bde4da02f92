import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Profile } from '../../core/servers/server.ts';

type Limits = Pick<Profile, 'cpus' | 'memoryBytes' | 'processes'>;

/** systemd's own scopes: of the system for root, of the person's session for anyone else; and what a trial scope really limited. */
export type Scopes = { program: string; whose: 'system' | 'user'; processes: boolean; cpu: boolean };

/** What a command in a scope needs to find the systemd of the session. */
export const scopeEnvironment = ['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];

/** Pure: what goes before a command to run it in a scope with these limits. The process stays the same one, with its descriptors. */
export const inScope = ({ program, whose }: Pick<Scopes, 'program' | 'whose'>, name: string, { cpus, memoryBytes, processes }: Limits): string[] => [
  program,
  ...(whose === 'user' ? ['--user'] : []),
  ...['--scope', '--quiet', '--collect', `--unit=lectern-${name}`],
  ...[`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0', `TasksMax=${processes + 8}`, `CPUQuota=${Math.max(1, Math.round(cpus * 100))}%`].flatMap((property) => ['-p', property]),
  '--',
];

const trial: Limits = { cpus: 1, memoryBytes: 1 << 26, processes: 56 };
const SHOW = 'cd "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)" && cat memory.max; cat pids.max; cat cpu.max';

/** Pure: from what a trial scope saw of its own limits; none when its memory was not limited, whatever systemd promised. */
export function readTrial(shown: string): { processes: boolean; cpu: boolean } | undefined {
  const lines = shown.split('\n').map((line) => line.trim());
  if (!lines.includes(String(trial.memoryBytes))) return undefined;
  return { processes: lines.includes(String(trial.processes + 8)), cpu: lines.some((line) => /^(\d+) \1$/.test(line)) };
}

/**
 * Finds whether systemd makes scopes with limits for us, by really making one; none where it does not run or does not let us.
 * Not tried on a machine with systemd so far: see lib/decisions/limits-without-a-cgroup.md.
 */
export async function findScopes(): Promise<Scopes | undefined> {
  const program = ['/usr/bin/systemd-run', '/bin/systemd-run', '/run/current-system/sw/bin/systemd-run'].find((path) => existsSync(path));
  // As sd_booted(3) asks whether systemd runs the machine.
  if (!program || !existsSync('/run/systemd/system')) return undefined;
  const whose = process.getuid?.() === 0 ? 'system' : 'user';
  const [command, ...rest] = [...inScope({ program, whose }, `trial-${process.pid}`, trial), '/bin/sh', '-c', SHOW];
  try {
    const { stdout } = await promisify(execFile)(command!, rest, { timeout: 5_000 });
    const limited = readTrial(stdout);
    return limited && { program, whose, ...limited };
  } catch {
    return undefined;
  }
}
