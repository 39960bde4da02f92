import { z } from 'zod';

/**
 * A backup is a tar, compressed with zstd: `manifest.json`, then each table as parts of PostgreSQL's binary COPY, then
 * `end.json`, without which it was cut off.
 */
export const FORMAT = 1;

const name = z.string().min(1);

export const Manifest = z.object({
  format: z.literal(FORMAT),
  madeAt: z.iso.datetime(),
  /** What had been applied, in order: a restore begins with these. */
  migrations: z.array(z.string().regex(/^\d+_\w+$/)),
  tables: z.array(z.object({ name, columns: z.array(name).min(1) })),
  sequences: z.array(z.object({ name, last: z.string().nullable() })),
});
export type Manifest = z.output<typeof Manifest>;

/** SHA-256 of each table's bytes. */
export const End = z.object({ tables: z.record(z.string(), z.string()) });
export type End = z.output<typeof End>;
