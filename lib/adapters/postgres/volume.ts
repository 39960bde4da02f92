import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk, Volume } from '../../core/disk.ts';
import type { Database } from './database.ts';

/** A host of a connection string that is this machine: a socket's folder, or a loopback address. */
const isHere = (url: string): boolean => {
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname;
  return host === '' || host.startsWith('/') || ['localhost', '127.0.0.1', '[::1]'].includes(host);
};

/**
 * The volume of the database's folder, where it is on this machine; elsewhere what the operator said the volume has, less what the
 * database has grown to.
 * @param root of the database's file system, where it has one of its own
 */
export function makeVolume({ query }: Database, { url, volumeBytes, root = '/' }: { url: string; volumeBytes?: number; root?: string }): Disk {
  let folder: Promise<string | undefined> | undefined;
  // Only a superuser, as of the embedded database, and members of pg_read_all_settings may ask.
  const findFolder = async () => (await query<{ folder: string | null }>("SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS folder"))[0]?.folder ?? undefined;

  async function told(totalBytes: number): Promise<Volume> {
    const [row] = await query<{ size: number }>('SELECT pg_database_size(current_database()) AS size');
    return { totalBytes, freeBytes: Math.max(0, totalBytes - row!.size) };
  }

  return {
    async look() {
      if (volumeBytes !== undefined) return told(volumeBytes);
      if (!isHere(url)) return undefined;
      const found = await (folder ??= findFolder().catch((error: unknown) => {
        folder = undefined;
        throw error;
      }));
      if (found === undefined) return undefined;
      const { bsize, blocks, bavail } = await statfs(join(root, found));
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    },
  };
}
