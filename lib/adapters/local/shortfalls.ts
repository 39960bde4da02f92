import type { Shortfall } from '../../core/servers/shortfall.ts';
import type { SandboxProbe } from './probe.ts';

/** What holds on this machine. `per-user`: by the system's count of a user's processes, and each sandbox has a user of its own. */
export type LocalLimits = { memory: 'cgroup' | 'scope' | 'watchdog'; processes: 'cgroup' | 'scope' | 'per-user' | 'none'; cpu: 'cgroup' | 'scope' | 'none'; disk: 'sized' | 'none' };

const groups =
  'Start Lectern as root, or in a login session of systemd (`systemctl --user status` must work there). In a container, let it write to /sys/fs/cgroup.';

/** Pure: what admins must know of a machine. */
export function shortfallsOf(sandbox: SandboxProbe, limits: LocalLimits): Shortfall[] {
  const lacks = (what: Shortfall['lacks'], when: boolean, mend: string): Shortfall[] => (when ? [{ lacks: what, mend }] : []);
  const advice = sandbox.kind === 'none' ? sandbox.advice : '';
  return [
    ...lacks('sandbox', sandbox.kind === 'none', advice),
    ...lacks('processes', limits.processes === 'none', advice),
    ...lacks('disk', limits.disk === 'none', advice),
    ...lacks('memory', limits.memory === 'watchdog', groups),
    ...lacks('cpu', limits.cpu === 'none', groups),
  ];
}
