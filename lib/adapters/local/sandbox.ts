import type { Profile } from '../../core/servers/server.ts';
import { seccompFilter } from './seccomp.ts';

/**
 * How a server is shut in. `root`: bubblewrap makes the mounts as root and the server becomes a uid of its own. `user`: bubblewrap in an
 * unprivileged user namespace. `none`: a plain child process.
 */
export type SandboxKind = 'root' | 'user' | 'none';

export type SandboxPlaces = {
  bwrap: string;
  /** The notebook environment, and the Python it was made from. */
  pythonDir: string;
  pythonHome: string;
  /** Folders of this machine that must not be seen even where they lie below one that is (a site cloned to /usr/src). */
  hidden: string[];
  network: boolean;
};

/** Where the notebook environment lies inside every sandbox. */
export const PYTHON = '/opt/lectern/python';
export const HOME = '/home/learner';
export const RUN = '/run/lectern';

/** Descriptors the launcher hands over, see launch.py. */
export const FD = { socket: 3, status: 4, passwd: 5, group: 6, seccomp: 7 } as const;

/** What stands in the descriptors from `passwd` on, in their order. */
export const sandboxFiles = (uid: number): Buffer[] =>
  [passwd(uid), group(uid), seccompFilter(process.arch) ?? ''].map((content) => Buffer.from(content));

const passwd = (uid: number) => `root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nlearner:x:${uid}:${uid}:Learner:${HOME}:/bin/bash\n`;
const group = (uid: number) => `root:x:0:\nlearner:x:${uid}:\n`;

const SYSTEM = ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec', '/usr/share', '/usr/local', '/nix/store'];
const ROOT_LINKS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64'];
const ETC = ['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/alternatives', '/etc/fonts', '/etc/ssl/certs', '/etc/pki/tls/certs', '/etc/localtime', '/etc/mime.types', '/etc/terminfo'];
const ETC_NETWORK = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'];

const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** Folders made by the way would be readable by root alone. */
function parents(path: string): string[] {
  const names = path.split('/').slice(1, -1);
  return names.flatMap((_, at) => ['--perms', '0755', '--dir', `/${names.slice(0, at + 1).join('/')}`]);
}

/**
 * The command that runs `program` in a sandbox: namespaces of its own, read-only system and Python, nothing of this machine
 * writable, and home and temporary folders of a fixed size. Pure; the launcher provides the descriptors it names.
 */
export function sandboxed(kind: 'root' | 'user', uid: number, profile: Pick<Profile, 'diskBytes' | 'processes'>, places: SandboxPlaces, program: string[]): string[] {
  const tmp = Math.ceil(profile.diskBytes / 4);
  const tmpfs = (perms: string, size: number, at: string) => ['--perms', perms, '--size', String(size), '--tmpfs', at];
  const readOnly = (paths: string[]) => paths.flatMap((path) => ['--ro-bind-try', path, path]);
  const pythonInSystem = SYSTEM.some((folder) => isBelow(places.pythonHome, folder));
  return [
    places.bwrap,
    ...(kind === 'user' ? ['--unshare-user', '--uid', String(uid), '--gid', String(uid)] : []),
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--hostname', 'notebook', '--new-session', '--clearenv'],
    ...(places.network ? [] : ['--unshare-net']),
    ...(kind === 'root' ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP'] : ['--cap-drop', 'ALL']),
    ...(seccompFilter(process.arch) ? ['--seccomp', String(FD.seccomp)] : []),
    ...['--json-status-fd', String(FD.status)],
    ...['/usr', '/etc', '/home', '/run', '/opt', '/opt/lectern', '/var'].flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...tmpfs('1777', tmp, '/tmp'),
    ...['--symlink', '/tmp', '/var/tmp'],
    ...readOnly([...SYSTEM, ...ROOT_LINKS, ...ETC, ...(places.network ? ETC_NETWORK : [])]),
    ...['--perms', '0644', '--ro-bind-data', String(FD.passwd), '/etc/passwd', '--perms', '0644', '--ro-bind-data', String(FD.group), '/etc/group'],
    ...places.hidden.filter((path) => SYSTEM.some((folder) => isBelow(path, folder))).flatMap((path) => ['--tmpfs', path, '--remount-ro', path]),
    ...(pythonInSystem ? [] : [...parents(places.pythonHome), '--ro-bind', places.pythonHome, places.pythonHome]),
    ...['--ro-bind', places.pythonDir, PYTHON],
    ...['--proc', '/proc', '--dev', '/dev'],
    ...tmpfs('1777', tmp, '/dev/shm'),
    ...tmpfs('0777', profile.diskBytes, HOME),
    ...tmpfs('0777', tmp, RUN),
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...Object.entries(environment({ home: HOME, python: PYTHON })).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--chdir', HOME],
    '--',
    ...(kind === 'root'
      ? ['/usr/bin/setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all']
      : []),
    ...['/usr/bin/prlimit', `--nproc=${profile.processes}`, '--nofile=4096', '--core=0', '--'],
    ...program,
  ];
}

/** All that a server's processes find in their environment at the start. */
export const environment = ({ home, python }: { home: string; python: string }): Record<string, string> => ({
  HOME: home,
  USER: 'learner',
  LOGNAME: 'learner',
  SHELL: '/bin/bash',
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  PATH: `${python}/bin:/usr/local/bin:/usr/bin:/bin`,
  VIRTUAL_ENV: python,
  // One thread per library on a machine that many share; a person may raise it.
  OMP_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
});
