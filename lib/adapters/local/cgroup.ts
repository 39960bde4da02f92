import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Profile } from '../../core/servers/server.ts';
import { signal } from './process.ts';

type Limits = Pick<Profile, 'cpus' | 'memoryBytes' | 'processes'>;

/**
 * Control groups of whole servers. `v2` names the folder below which groups are made; `v1` one folder for each controller that
 * can be used here.
 */
export type Cgroups = { version: 2; base: string } | { version: 1; bases: Partial<Record<'memory' | 'pids' | 'cpu', string>> };

const NAME = 'lectern';
const PERIOD_US = 100_000;

const readOr = (file: string) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Finds where groups can be made by really making one; none when this machine lets us make none. */
export function findCgroups(): Cgroups | undefined {
  if (process.platform !== 'linux') return undefined;
  const mounts = readOr('/proc/self/mountinfo').split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ');
    const [type, , options] = after?.split(' ') ?? [];
    return before && type ? [{ at: before.split(' ')[4]!, type, options: options?.split(',') ?? [] }] : [];
  });
  const v2 = mounts.filter((mount) => mount.type === 'cgroup2').map((mount) => join(mount.at, NAME)).find(isUsableV2);
  if (v2) return { version: 2, base: v2 };
  const bases = Object.fromEntries(
    (['memory', 'pids', 'cpu'] as const).flatMap((controller) => {
      const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
      const base = mount && join(mount.at, NAME);
      return base && isUsable(base) ? [[controller, base]] : [];
    }),
  );
  return bases.memory ? { version: 1, bases } : undefined;
}

function isUsable(base: string): boolean {
  try {
    mkdirSync(base, { recursive: true });
    const trial = join(base, `trial-${process.pid}`);
    mkdirSync(trial);
    rmdirSync(trial);
    return true;
  } catch {
    return false;
  }
}

function isUsableV2(base: string): boolean {
  const parent = dirname(base);
  if (!readOr(join(parent, 'cgroup.controllers')).includes('memory') || !isUsable(base)) return false;
  try {
    for (const folder of [parent, base]) writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids +cpu');
    return true;
  } catch {
    return false;
  }
}

/** Makes the group of one server with its limits and answers the folders its first process joins. */
export function makeGroup(cgroups: Cgroups, name: string, limits: Limits): string[] {
  const folders = cgroups.version === 2 ? [join(cgroups.base, name)] : Object.values(cgroups.bases).map((base) => join(base, name));
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true });
    // The sandbox's own two processes count too.
    setAny(folder, ['pids.max'], String(limits.processes + 8));
    setAny(folder, ['memory.max', 'memory.limit_in_bytes'], String(limits.memoryBytes));
    setAny(folder, ['memory.swap.max'], '0');
    setAny(folder, ['memory.memsw.limit_in_bytes'], String(limits.memoryBytes));
  }
  return folders;
}

/** Kept for once it is ready, so that a start may use what the machine has. */
export function limitCpu(folders: string[], cpus: number): void {
  for (const folder of folders) {
    setAny(folder, ['cpu.max'], `${Math.round(cpus * PERIOD_US)} ${PERIOD_US}`);
    setAny(folder, ['cpu.cfs_quota_us'], String(Math.round(cpus * PERIOD_US)));
  }
}

function setAny(folder: string, files: string[], value: string): void {
  for (const file of files.map((name) => join(folder, name)).filter((path) => existsSync(path))) {
    try {
      writeFileSync(file, value);
    } catch {
      // A limit the kernel was built without; `probe` has reported what holds here.
    }
  }
}

/** How often the system killed something in the group for want of memory. */
export function memoryKills(folders: string[]): number {
  const texts = folders.flatMap((folder) => ['memory.events', 'memory.oom_control'].map((file) => readOr(join(folder, file))));
  return Math.max(0, ...texts.map((text) => Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0)));
}

/** Memory in use without the cache of files that can be dropped. */
export function memoryUsed(folders: string[]): number | undefined {
  for (const folder of folders) {
    const used = Number(readOr(join(folder, 'memory.current')) || readOr(join(folder, 'memory.usage_in_bytes')));
    const idle = Number(/^(?:total_)?inactive_file (\d+)/m.exec(readOr(join(folder, 'memory.stat')))?.[1] ?? 0);
    if (used) return Math.max(0, used - idle);
  }
  return undefined;
}

/** Ends whatever runs in the group and removes it; false while something of it is still there. */
export function removeGroup(folders: string[]): boolean {
  return folders.map(removeOne).every(Boolean);
}

function removeOne(folder: string): boolean {
  if (!existsSync(folder)) return true;
  for (const pid of readOr(join(folder, 'cgroup.procs')).split('\n').map(Number).filter(Boolean)) signal(pid, 'SIGKILL');
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
