import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Obstacle, type Note } from '../progress.mjs';
import { run } from '../run.mjs';
import { isBuilt } from '../up/site-build.ts';
import type { Image } from './archive.ts';
import { readDockerfile } from './image.ts';

// The steps of k8s/images/site/Dockerfile without an engine, over the dependencies of this clone.
const root = resolve(import.meta.dirname, '../..');
const CONTEXT = 'k8s/images/site';
const sources = ['app', 'components', 'lib', 'prisma', 'public', 'scripts', 'next.config.mjs', 'package.json', 'package-lock.json', 'postcss.config.mjs', 'prisma.config.ts', 'proxy.ts', 'tsconfig.json'];

export const SITE_IMAGE = 'lectern/site:test';

/** The image of the three programs, made in the folder `into`. @param system a layer with the system they run on; Node is this machine's */
export async function siteImage(note: Note, system: string, into: string): Promise<Image> {
  const [tree, app, layer] = [join(into, 'root'), join(into, 'root/app'), join(into, 'layer.tar')];
  const built = isBuilt(root);
  mkdirSync(app, { recursive: true });
  note('copying the tree');
  await must('cp', ['-a', ...sources.map((source) => join(root, source)), app]);
  for (const large of ['node_modules', ...(built ? ['.next'] : [])]) await must('sh', ['-c', 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"', join(root, large), `${app}/`]);
  note('building the site');
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...(built && { SITE_IS_BUILT: '1' }) };
  await must('sh', [join(root, CONTEXT, 'build.sh')], { cwd: app, env });
  mkdirSync(join(tree, 'usr/local/bin'), { recursive: true });
  copyFileSync(process.execPath, join(tree, 'usr/local/bin/node'));
  note('packing the site');
  await must('tar', ['-C', tree, '--owner=0', '--group=0', '--sort=name', '-cf', layer, 'app', 'usr']);
  rmSync(tree, { recursive: true });
  return { name: `docker.io/${SITE_IMAGE}`, layers: [system, layer], config: readDockerfile(readFileSync(join(root, CONTEXT, 'Dockerfile'), 'utf8')) };
}

async function must(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<void> {
  const { code, tail } = await run(command, args, { ...options, timeoutMs: 20 * 60_000 });
  if (code !== 0) throw new Obstacle(`${command} failed for the site's image:\n${tail.slice(-3000)}`);
}
