import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { goIsNeeded, type Mode } from './programs.ts';

const call = promisify(execFile);

/** Where each program comes from on Debian and its like. */
const PACKAGES: Record<string, string> = { unshare: 'util-linux', setpriv: 'util-linux', flock: 'util-linux', ip: 'iproute2', openssl: 'openssl', curl: 'curl' };
const NODE_PACKAGES: Record<string, string> = { ...PACKAGES, containerd: 'containerd', runc: 'runc', '/usr/lib/cni/bridge': 'containernetworking-plugins', nft: 'nftables', iptables: 'iptables', conntrack: 'conntrack', mmdebstrap: 'mmdebstrap' };

/** Why this machine cannot have a cluster of its own, with the mend; undefined where it can. */
export const missingForCluster = async (mode: Mode): Promise<string | undefined> =>
  (await missingForNamespaces(mode === 'node' ? NODE_PACKAGES : PACKAGES)) ?? (goIsNeeded(mode) ? missingGo() : undefined);

/** The same of namespaces alone, and the programs of these packages. */
export async function missingForNamespaces(packages = PACKAGES): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'a cluster of its own needs Linux';
  if (process.getuid?.() !== 0) return 'a cluster of its own needs root, for its namespaces';
  const absent = [...new Set(Object.keys(packages).filter((program) => !isThere(program)).map((program) => packages[program]!))];
  if (absent.length) return `missing: ${absent.join(' ')} (on Debian: apt install ${absent.join(' ')})`;
  const refused = await call('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true']).then(() => undefined, (error: Error) => error.message.trim().split('\n').at(-1));
  return refused && `this machine gives root no namespaces (${refused})`;
}

async function missingGo(): Promise<string | undefined> {
  const said = await call('go', ['env', 'GOVERSION'], { env: { ...process.env, GOTOOLCHAIN: 'local' } }).then(({ stdout }) => stdout.trim(), () => '');
  if (!said) return 'missing: Go 1.21 or newer (https://go.dev/dl), from which the cluster is built once';
  const [major = 0, minor = 0] = said.replace(/^go/, '').split('.').map(Number);
  return major > 1 || minor >= 21 ? undefined : `Go ${said.slice(2)} is too old: 1.21 or newer (https://go.dev/dl) builds the cluster once`;
}

const isThere = (program: string) =>
  program.startsWith('/') ? canRun(program) : (process.env.PATH ?? '').split(delimiter).some((folder) => canRun(join(folder, program)));

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
