/**
 * A seccomp filter for notebook code: no user namespace of its own (in one it would have mounts without a size, and far more
 * of the kernel to attack), and none of the calls that no notebook needs and that kernels have been broken through.
 */

type Calls = { audit: number; clone: number; unshare: number; refused: number[] };

const CLONE3 = 435;
/** io_uring, new mount calls: the same number on every architecture. */
const COMMON = [425, 426, 427, 428, 429, 430, 431, 432, 433, 442];

const calls: Partial<Record<NodeJS.Architecture, Calls>> = {
  // mount umount2 pivot_root setns, add_key request_key keyctl, bpf perf_event_open userfaultfd, kexec and modules, reboot swap syslog acct quotactl, file handles
  x64: { audit: 0xc000_003e, clone: 56, unshare: 272, refused: [165, 166, 155, 308, 248, 249, 250, 321, 298, 323, 246, 320, 175, 313, 176, 169, 167, 168, 103, 163, 179, 303, 304, ...COMMON] },
  arm64: { audit: 0xc000_00b7, clone: 220, unshare: 97, refused: [40, 39, 41, 268, 217, 218, 219, 280, 241, 282, 104, 294, 105, 273, 106, 142, 224, 225, 116, 89, 60, 264, 265, ...COMMON] },
};

const NEW_USER_NAMESPACE = 0x1000_0000;
const [EPERM, ENOSYS] = [1, 38];
const [LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN] = [0x20, 0x15, 0x35, 0x45, 0x06];
const [NUMBER, ARCHITECTURE, FIRST_ARGUMENT] = [0, 4, 16];
const ALLOW = 0x7fff_0000;
const refuse = (errno: number) => 0x0005_0000 | errno;

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/** The filter as bubblewrap reads it (`struct sock_filter[]`); none where we do not know the numbers. */
export function seccompFilter(architecture: NodeJS.Architecture): Buffer | undefined {
  const known = calls[architecture];
  if (!known) return undefined;
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUAL, 1, 0, known.audit],
    [RETURN, 0, 0, refuse(EPERM)],
    [LOAD, 0, 0, NUMBER],
    // The x32 calls of a 64-bit process have numbers of their own.
    [AT_LEAST, 0, 1, 0x4000_0000],
    [RETURN, 0, 0, refuse(ENOSYS)],
    // Its flags are in memory, where a filter cannot look; the C library falls back to clone.
    [EQUAL, 0, 1, CLONE3],
    [RETURN, 0, 0, refuse(ENOSYS)],
    [EQUAL, 1, 0, known.clone],
    [EQUAL, 0, 4, known.unshare],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [ANY_BIT, 0, 1, NEW_USER_NAMESPACE],
    [RETURN, 0, 0, refuse(EPERM)],
    [RETURN, 0, 0, ALLOW],
    ...known.refused.flatMap((number): Instruction[] => [
      [EQUAL, 0, 1, number],
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
