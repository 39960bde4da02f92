import { z } from 'zod';
import type { Sha256 } from '../../core/ids.ts';
import type { DiskEntry, KernelState, Listing, PutBackResult, ServerEvent, ServerStatus } from '../../core/servers/jupyter.ts';

// What a server may say, and how much of it: DESIGN §16. Jupyter's ids are UUIDs; a path of the workspace has 1,024 bytes at most, and
// one that a person's own session carries may be longer.
const MB = 1024 * 1024;

/** Of each reply, in bytes. */
export const replyBytes = { identity: 4096, open: 4096, status: 256 * 1024, putBack: 8 * MB, removed: 4096, listing: 16 * MB, error: 4096, eventLine: 64 * 1024 };

/** As many as the server's own walk lists (k8s/images/notebook, tree.py). */
const ENTRIES = 20_000;
/** More processes than that no server has. */
const KERNELS = 1_000;

const id = z.string().regex(/^[\w-]{1,64}$/);
const path = z.string().max(4096);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/).transform((hex) => hex as Sha256);
const count = z.int().min(0);
/** Python says null where there is none. */
const optionalPath = path.nullish().transform((given) => given ?? undefined);

export const Identity = z.object({ proof: z.string().regex(/^[0-9a-f]{64}$/) });

export const Opened = z.object({ sessionId: id, kernelId: id });

export const Status = z.object({
  nowMs: count,
  lastInputMs: count,
  lastBusyMs: count,
  kernels: z.array(z.object({ kernelId: id, path: optionalPath, state: z.enum(['idle', 'busy', 'starting', 'dead']), waitingForInput: z.boolean() }) satisfies z.ZodType<KernelState>).max(KERNELS),
  terminals: count,
  diskUsedBytes: count,
  diskSizeBytes: count,
  memoryUsedBytes: count.nullish().transform((given) => given ?? undefined),
}) satisfies z.ZodType<ServerStatus>;

const Entry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), path, size: count, sha256, modifiedMs: z.int() }),
  z.object({ kind: z.literal('directory'), path }),
]) satisfies z.ZodType<DiskEntry>;

export const Listed = z.object({ entries: z.array(Entry).max(ENTRIES), complete: z.boolean() }) satisfies z.ZodType<Listing>;

export const PutBackSaid = z.object({
  written: z.record(path, sha256).transform((written) => new Map(Object.entries(written))),
  refused: z.array(z.object({ path, why: z.enum(['disk-full', 'denied', 'in-the-way']) })),
}) satisfies z.ZodType<PutBackResult>;

export const Removed = z.object({});

export const Event = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('executed'), kernelId: id, path: optionalPath }),
  z.object({ kind: z.literal('busy'), kernelId: id }),
  z.object({ kind: z.literal('input') }),
  z.object({ kind: z.literal('kernel-died'), kernelId: id, path: optionalPath }),
]) satisfies z.ZodType<ServerEvent>;

export const FileHead = z.object({ size: z.string().regex(/^\d{1,15}$/).transform(Number), sha256 });
