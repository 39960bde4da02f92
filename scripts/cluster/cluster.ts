import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Obstacle, type Note, type Progress } from '../progress.mjs';
import { run } from '../run.mjs';
import { writeArchive, type Image } from './archive.ts';
import { NOTEBOOK_IMAGE, notebookImage, type InNamespaces } from './image.ts';
import { cacheDir, kept, keyOf } from './kept.ts';
import { siteImage } from './site-image.ts';
import { hyper, kwok, pause, type Mode } from './programs.ts';

const SCRIPTS = resolve(import.meta.dirname, '../../k8s/test-cluster');
const RUNS = join(cacheDir(), 'runs');

/** A way to run commands in a cluster that is there for each of them alone, and gone after it. */
export type Cluster = { env: Record<string, string>; within: (command: string[]) => string[] };

/** Runs the command in the cluster, with its input and output, and ends as it ends; told to end, it takes the cluster along. */
export async function runWithin({ env, within }: Cluster, command: string[], more: Record<string, string | undefined> = {}): Promise<void> {
  const [program, ...args] = within(command);
  const child = spawn(program!, args, { env: { ...process.env, ...more, ...env }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

/** Builds what is missing for a cluster of this mode, with the image of Lectern itself in the folder `site`, if given. Nothing of it runs yet. */
export async function prepareCluster(mode: Mode, progress: Progress, { site }: { site?: string } = {}): Promise<Cluster> {
  const env: Record<string, string> = { RUNS_DIR: RUNS };
  const step = <T>(title: string, work: (note: Note) => Promise<T>) => seen(progress, title, work);
  env.HYPER = await step('Kubernetes for tests', hyper);
  if (mode === 'kwok') {
    const { program, stages } = await step('kwok', kwok);
    Object.assign(env, { KWOK: program, KWOK_STAGES: stages.join(' ') });
  }
  if (mode === 'node') {
    env.STORE = await step('Images for tests', (note) => images(note, site));
    env.LECTERN_TEST_NOTEBOOK_IMAGE = NOTEBOOK_IMAGE;
  }
  // Whoever asked for the cluster takes it along, however he ends.
  return { env, within: (command) => ['setpriv', '--pdeathsig', 'TERM', join(SCRIPTS, 'in-namespaces.sh'), join(SCRIPTS, 'up.sh'), mode, ...command] };
}

/** What is there already takes milliseconds, and is not worth a line. */
async function seen<T>(progress: Progress, title: string, work: (note: Note) => Promise<T>): Promise<T> {
  let doing = '';
  let tell: Note = (text) => (doing = text);
  const made = work((text) => tell(text));
  const soon = await Promise.race([made.then(() => 'made' as const), new Promise<'slow'>((done) => setTimeout(done, 1000, 'slow'))]);
  if (soon === 'made') return made;
  await progress.step(title, async (note) => {
    note(doing);
    tell = note;
    await made;
  });
  return made;
}

/** A containerd store with the images unpacked, see k8s/test-cluster/store.sh. */
async function images(note: Note, site?: string): Promise<string> {
  const pauseProgram = await pause(note);
  const notebook = await notebookImage(note, inNamespaces);
  const made = [notebook, ...(site ? [await siteImage(note, notebook.layers[0]!, site)] : [])];
  const fill = async (into: string) => {
    const work = join(into, 'work');
    mkdirSync(work);
    linkSync(pauseProgram, join(work, 'pause'));
    await must('tar', ['-C', work, '--owner=0', '--group=0', '-cf', join(work, 'pause.tar'), 'pause']);
    const pauseImage: Image = { name: 'docker.io/lectern/pause:test', layers: [join(work, 'pause.tar')], config: { Entrypoint: ['/pause'] } };
    note('unpacking');
    const archives = await Promise.all([pauseImage, ...made].map(async (image, at) => {
      const out = join(work, `${at}.oci.tar`);
      await writeArchive(image, work, out);
      return out;
    }));
    await inNamespaces('store.sh', [join(into, 'containerd'), ...archives]);
    rmSync(work, { recursive: true });
  };
  // The site is another one after each change of its source: it is not kept.
  if (site) await fill(site);
  return join(site ?? (await kept('store', keyOf(pauseProgram, JSON.stringify(notebook)), fill)), 'containerd');
}

const inNamespaces: InNamespaces = (script, args, env = {}) =>
  must(join(SCRIPTS, 'in-namespaces.sh'), [join(SCRIPTS, script), ...args], { ...process.env, ...env, RUNS_DIR: RUNS });

async function must(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const { code, tail } = await run(command, args, { env, timeoutMs: 15 * 60_000 });
  if (code !== 0) throw new Obstacle(`${command} failed for the test cluster:\n${tail.slice(-3000)}`);
}
