import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Obstacle, type Note } from '../progress.mjs';
import { run } from '../run.mjs';
import type { Image } from './archive.ts';
import { forPython } from '../python-lock.ts';
import { kept, keyOf } from './kept.ts';

// The steps of k8s/images/notebook/Dockerfile without an engine: the same lists and scripts, and a layer kept for each.
const CONTEXT = resolve(import.meta.dirname, '../../k8s/images/notebook');
const SUITE = 'bookworm';
const PYTHON = '3.11';
/** glibc of that suite: wheels for it and older ones. */
const GLIBC = 36;
const UNNEEDED = ['doc', 'man', 'info', 'locale'];

export const NOTEBOOK_IMAGE = 'lectern/notebook:test';

/** Runs a program of k8s/test-cluster in namespaces. @throws Obstacle with the end of what it said */
export type InNamespaces = (script: string, args: string[], env?: Record<string, string>) => Promise<void>;

/** The notebook image's layers, made where they are missing: minutes, then milliseconds. */
export async function notebookImage(note: Note, inNamespaces: InNamespaces): Promise<Image> {
  const read = (name: string) => readFileSync(join(CONTEXT, name));
  const server = readdirSync(join(CONTEXT, 'lectern_server')).filter((name) => name.endsWith('.py')).sort();

  const systemKey = keyOf(SUITE, UNNEEDED.join(), read('packages.txt'), read('system.sh'));
  const system = await layer(systemKey, async (into) => {
    note('system packages');
    await makeSystem(into);
  });
  const environmentKey = keyOf(systemKey, read('requirements.lock'), read('environment.sh'));
  const environment = await layer(environmentKey, async (into) => {
    const wheels = join(into, 'wheels');
    await download(wheels, note);
    note('installing Python packages');
    await inNamespaces('layer.sh', [join(into, 'layer.tar'), CONTEXT, 'environment.sh', system], { WHEELS: wheels });
    rmSync(wheels, { recursive: true });
  });
  const extension = await layer(keyOf(environmentKey, read('server.sh'), ...server.flatMap((name) => [name, read(join('lectern_server', name))])), async (into) => {
    note('server extension');
    await inNamespaces('layer.sh', [join(into, 'layer.tar'), CONTEXT, 'server.sh', system, environment]);
  });
  return { name: `docker.io/${NOTEBOOK_IMAGE}`, layers: [system, environment, extension], config: readDockerfile(read('Dockerfile').toString()) };
}

const layer = async (key: string, make: (into: string) => Promise<void>) => join(await kept('layer', key, make), 'layer.tar');

async function makeSystem(into: string): Promise<void> {
  const packages = readFileSync(join(CONTEXT, 'packages.txt'), 'utf8').trim().split('\n').join(',');
  const excluded = UNNEEDED.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const hook = `--customize-hook=chroot "$1" sh -s < '${join(CONTEXT, 'system.sh')}'`;
  await must('mmdebstrap', ['--quiet', '--mode=root', '--variant=minbase', `--include=${packages}`, ...excluded, hook, SUITE, join(into, 'layer.tar')]);
}

/** Wheels for the image's Python, which need not be this machine's. */
async function download(wheels: string, note: Note): Promise<void> {
  note('downloading Python packages');
  const work = `${wheels}-by`;
  await must(process.env.LECTERN_PYTHON || 'python3', ['-m', 'venv', work]);
  // pip would decide the conditions by its own version.
  const lines = readFileSync(join(CONTEXT, 'requirements.lock'), 'utf8').split('\n').flatMap((line) => forPython(line, PYTHON) ?? []);
  const wanted = join(work, 'requirements.lock');
  writeFileSync(wanted, lines.join('\n'));
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const names = [...Array.from({ length: GLIBC - 4 }, (_, at) => `manylinux_2_${GLIBC - at}`), 'manylinux2014', 'manylinux2010', 'manylinux1'];
  const platforms = names.flatMap((name) => ['--platform', `${name}_${machine}`]);
  await must(join(work, 'bin/pip'), ['download', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--require-hashes', '--only-binary=:all:', '--python-version', PYTHON, ...platforms, '-r', wanted, '-d', wheels]);
  rmSync(work, { recursive: true });
}

async function must(command: string, args: string[]): Promise<void> {
  const { code, tail } = await run(command, args, { timeoutMs: 15 * 60_000 });
  if (code !== 0) throw new Obstacle(`${command} failed for the notebook image:\n${tail.slice(-3000)}`);
}

/** The last stage's word on how the image is run, so that it is written once. */
export function readDockerfile(text: string): Image['config'] {
  const lines = text.slice(text.lastIndexOf('\nFROM ')).replaceAll(/\\\n\s*/g, '').split('\n');
  const of = (word: string) => lines.find((line) => line.startsWith(`${word} `))!.slice(word.length + 1);
  return { User: of('USER'), WorkingDir: of('WORKDIR'), Env: of('ENV').split(/\s+/), Entrypoint: JSON.parse(of('ENTRYPOINT')) as string[] };
}
