import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Obstacle, type Note } from '../progress.mjs';
import { run } from '../run.mjs';

const sources = ['app', 'components', 'lib', 'public/docs', 'scripts/bundle', 'next.config.mjs', 'postcss.config.mjs', 'proxy.ts', 'tsconfig.json', 'package-lock.json', 'prisma/schema.prisma'];
const left = (path: string) => /\.(test|contract|fixture)\.tsx?$|^lib\/(gateway|controller|decisions)\/|^lib\/adapters\/postgres\/generated\/|\.md$/.test(path);

/** Hash of everything the site is built from; tests and the other programs are not. */
export function sourcesHash(root: string): string {
  const hash = createHash('sha256');
  const add = (path: string) => {
    const name = relative(root, path);
    if (!existsSync(path) || left(name)) return;
    if (statSync(path).isDirectory()) for (const entry of readdirSync(path).sort()) add(join(path, entry));
    else hash.update(`${name}\0`).update(readFileSync(path)).update('\0');
  };
  for (const source of sources) add(join(root, source));
  return hash.digest('hex');
}

const stampOf = (root: string) => join(root, '.next/lectern-sources');

export const isBuilt = (root: string) => existsSync(stampOf(root)) && readFileSync(stampOf(root), 'utf8') === sourcesHash(root);

/** `next build`. @throws Obstacle with its errors */
export async function buildSite(root: string, env: NodeJS.ProcessEnv, note: Note): Promise<void> {
  const before = sourcesHash(root);
  const { code, tail, late } = await run(process.execPath, [join(root, 'node_modules/next/dist/bin/next'), 'build'], {
    cwd: root,
    env: { ...env, NODE_ENV: 'production' },
    onLine: (line) => note(line.replace(/[^\x20-\x7e]/g, '')),
    timeoutMs: 20 * 60_000,
  });
  if (code !== 0) throw new Obstacle(`The site could not be built${late ? ' in 20 minutes' : ''}:\n${tail}`);
  writeFileSync(stampOf(root), before);
}
