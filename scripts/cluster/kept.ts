import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { takeTurn } from '../turn.ts';

/** Of each kind, besides what somebody may still be using. Images are two gigabytes each. */
const KEPT = 5;
const IN_USE_MS = 2 * 3_600_000;

/** Where the test cluster's programs and images are kept for every clone and run. Outside the tree: they take minutes to make. */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string =>
  env.LECTERN_CACHE_DIR ? resolve(env.LECTERN_CACHE_DIR, 'test-cluster') : join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lectern/test-cluster');

export const keyOf = (...content: (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of content) hash.update(`${part.length}\0`).update(part);
  return hash.digest('hex').slice(0, 20);
};

/**
 * The folder of this kind for this key. Where there is none, `make` fills a fresh one: it appears whole or not at all, and those of the
 * kind that were not used for longest go.
 */
export async function kept(kind: string, key: string, make: (into: string) => Promise<void>, cache = cacheDir()): Promise<string> {
  const folder = join(cache, kind);
  const path = join(folder, key);
  if (!existsSync(path)) {
    const release = await takeTurn(path, () => undefined);
    try {
      if (!existsSync(path)) {
        forget(folder);
        const fresh = mkdtempSync(join(folder, '.new-'));
        try {
          await make(fresh);
          renameSync(fresh, path);
        } finally {
          rmSync(fresh, { recursive: true, force: true });
        }
      }
    } finally {
      release();
    }
  }
  utimesSync(path, new Date(), new Date());
  return path;
}

export const isKept = (kind: string, key: string, cache = cacheDir()): boolean => existsSync(join(cache, kind, key));

function forget(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const found = readdirSync(folder).filter((name) => !name.endsWith('.lock')).flatMap((name) => {
    const usedMs = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
    return usedMs === undefined ? [] : [{ path: join(folder, name), usedMs }];
  });
  found.sort((a, b) => b.usedMs - a.usedMs);
  for (const { path, usedMs } of found.slice(KEPT)) if (Date.now() - usedMs > IN_USE_MS) rmSync(path, { recursive: true, force: true });
}
