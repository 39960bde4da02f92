/**
 * A seccomp filter for notebook code: no user namespace of its own (in one it would have mounts without a size, and far more
 * of the kernel to attack), and none of the calls that no notebook needs and that kernels have been broken through.
 */

type Architecture = 'x64' | 'arm64';
type Numbers = Record<Architecture, number>;

/** A call of that number on both: all that came after the tables were joined have one. */
const both = (number: number): Numbers => ({ x64: number, arm64: number });

/** By the kernel's own names, with their numbers (asm/unistd_64.h; asm-generic/unistd.h). Each is answered with EPERM. */
export const refusedCalls: Record<string, Numbers> = {
  // Of other processes of the same user, of which the server is one: its memory, its descriptors, its course.
  ptrace: { x64: 101, arm64: 117 },
  process_vm_readv: { x64: 310, arm64: 270 },
  process_vm_writev: { x64: 311, arm64: 271 },
  kcmp: { x64: 312, arm64: 272 },
  pidfd_getfd: both(438),
  // Mounts and namespaces.
  mount: { x64: 165, arm64: 40 },
  umount2: { x64: 166, arm64: 39 },
  pivot_root: { x64: 155, arm64: 41 },
  setns: { x64: 308, arm64: 268 },
  open_tree: both(428),
  move_mount: both(429),
  fsopen: both(430),
  fsconfig: both(431),
  fsmount: both(432),
  fspick: both(433),
  mount_setattr: both(442),
  // Parts of the kernel that no notebook needs and that sandboxes have been left through.
  add_key: { x64: 248, arm64: 217 },
  request_key: { x64: 249, arm64: 218 },
  keyctl: { x64: 250, arm64: 219 },
  bpf: { x64: 321, arm64: 280 },
  perf_event_open: { x64: 298, arm64: 241 },
  userfaultfd: { x64: 323, arm64: 282 },
  io_uring_setup: both(425),
  io_uring_enter: both(426),
  io_uring_register: both(427),
  name_to_handle_at: { x64: 303, arm64: 264 },
  open_by_handle_at: { x64: 304, arm64: 265 },
  // The machine's own.
  kexec_load: { x64: 246, arm64: 104 },
  kexec_file_load: { x64: 320, arm64: 294 },
  init_module: { x64: 175, arm64: 105 },
  finit_module: { x64: 313, arm64: 273 },
  delete_module: { x64: 176, arm64: 106 },
  reboot: { x64: 169, arm64: 142 },
  swapon: { x64: 167, arm64: 224 },
  swapoff: { x64: 168, arm64: 225 },
  syslog: { x64: 103, arm64: 116 },
  acct: { x64: 163, arm64: 89 },
  quotactl: { x64: 179, arm64: 60 },
};

/** Those that are looked at more closely, see below. */
export const watchedCalls = { clone: { x64: 56, arm64: 220 }, unshare: { x64: 272, arm64: 97 }, clone3: both(435) } satisfies Record<string, Numbers>;

/** As audit names the tables (linux/audit.h): a call made by another, such as a 32-bit one, is none of these. */
const AUDIT: Numbers = { x64: 0xc000_003e, arm64: 0xc000_00b7 };

const isKnown = (architecture: NodeJS.Architecture): architecture is Architecture => architecture in AUDIT;

const NEW_USER_NAMESPACE = 0x1000_0000;
const [EPERM, ENOSYS] = [1, 38];
const [LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06];
const [NUMBER, ARCHITECTURE, FIRST_ARGUMENT] = [0, 4, 16];
const ALLOW = 0x7fff_0000;
const refuse = (errno: number) => 0x0005_0000 | errno;

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter as bubblewrap reads it (`struct sock_filter[]`); none where we do not know the numbers. */
export function seccompFilter(architecture: NodeJS.Architecture): Buffer | undefined {
  if (!isKnown(architecture)) return undefined;
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUAL, 1, 0, AUDIT[architecture]],
    [RETURN, 0, 0, refuse(EPERM)],
    [LOAD, 0, 0, NUMBER],
    // The x32 calls of a 64-bit process have numbers of their own.
    [AT_LEAST, 0, 1, 0x4000_0000],
    [RETURN, 0, 0, refuse(ENOSYS)],
    // Its flags are in memory, where a filter cannot look; the C library falls back to clone.
    [EQUAL, 0, 1, watchedCalls.clone3[architecture]],
    [RETURN, 0, 0, refuse(ENOSYS)],
    [EQUAL, 1, 0, watchedCalls.clone[architecture]],
    [EQUAL, 0, 4, watchedCalls.unshare[architecture]],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [ANY_BIT, 0, 1, NEW_USER_NAMESPACE],
    [RETURN, 0, 0, refuse(EPERM)],
    [RETURN, 0, 0, ALLOW],
    ...Object.values(refusedCalls).flatMap((numbers): Instruction[] => [
      [EQUAL, 0, 1, numbers[architecture]],
      [RETURN, 0, 0, refuse(EPERM)],
    ]),
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, value], at) => {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(ifTrue, at * 8 + 2);
    bytes.writeUInt8(ifFalse, at * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, at * 8 + 4);
  });
  return bytes;
}
