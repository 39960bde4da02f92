import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Obstacle, type Note } from '../progress.mjs';
import { run } from '../run.mjs';
import { isKept, kept, keyOf } from './kept.ts';

/** See k8s/test-cluster/up.sh. */
export type Mode = 'api' | 'kwok' | 'node';

/** The Go module of the cluster's own programs. */
const PARTS = resolve(import.meta.dirname, '../../k8s/test-cluster/parts');
const KWOK = 'sigs.k8s.io/kwok@v0.8.0';
/** kwok's own word on what becomes of simulated pods and nodes. */
const STAGES = ['pod/fast/pod-ready', 'pod/fast/pod-complete', 'pod/fast/pod-delete', 'node/fast/node-initialize', 'node/heartbeat-with-lease/node-heartbeat-with-lease'];

const sources = (...names: string[]) => keyOf(...['go.mod', 'go.sum', ...names].map((name) => readFileSync(join(PARTS, name))));
const hyperKey = () => sources('hyper/main.go');
const pauseKey = () => keyOf(readFileSync(join(PARTS, 'pause/main.go')));

/** Whether Go is needed, for something that is not yet built. */
export const goIsNeeded = (mode: Mode): boolean =>
  !isKept('hyper', hyperKey()) || (mode === 'node' && !isKept('pause', pauseKey())) || (mode === 'kwok' && !isKept('kwok', keyOf(KWOK)));

/** All of Kubernetes as one program. From nothing 10 minutes on two cores, and seconds where Go has compiled it before. */
export async function hyper(note: Note): Promise<string> {
  const folder = await kept('hyper', hyperKey(), async (into) => {
    note('downloading');
    const version = (await go(['list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes'], note)).trim().split('\n').at(-1)!;
    const set = (name: string, value: string) => `-X k8s.io/component-base/version.${name}=${value}`;
    const flags = ['-s -w', set('gitVersion', version), set('gitMajor', '1'), set('gitMinor', version.split('.')[1]!), set('gitTreeState', 'clean')].join(' ');
    note('compiling');
    await go(['build', '-trimpath', '-ldflags', flags, '-o', join(into, 'hyper'), './hyper'], note);
  });
  return join(folder, 'hyper');
}

export async function pause(note: Note): Promise<string> {
  const folder = await kept('pause', pauseKey(), async (into) => void (await go(['build', '-trimpath', '-ldflags', '-s -w', '-o', join(into, 'pause'), './pause'], note)));
  return join(folder, 'pause');
}

/** kwok with its stages. */
export async function kwok(note: Note): Promise<{ program: string; stages: string[] }> {
  const folder = await kept('kwok', keyOf(KWOK), async (into) => {
    const found = JSON.parse(await go(['mod', 'download', '-json', KWOK], note, { cwd: into })) as { Dir: string };
    mkdirSync(join(into, 'stages'));
    for (const [at, stage] of STAGES.entries()) copyFileSync(join(found.Dir, 'kustomize/stage', `${stage}.yaml`), join(into, 'stages', `${at}.yaml`));
    await go(['install', '-trimpath', KWOK.replace('@', '/cmd/kwok@')], note, { cwd: into, env: { GOBIN: into } });
  });
  return { program: join(folder, 'kwok'), stages: STAGES.map((_, at) => join(folder, 'stages', `${at}.yaml`)) };
}

/** A Go that is older than go.mod wants (1.21 or newer) fetches the one it names. */
async function go(args: string[], note: Note, { cwd = PARTS, env = {} }: { cwd?: string; env?: Record<string, string> } = {}): Promise<string> {
  let output = '';
  const { code, tail } = await run('nice', ['-n', '10', 'go', ...args], {
    cwd,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'auto', ...env },
    onChunk: (text) => (output += text),
    onLine: (line) => line.startsWith('go: downloading') && note(line.slice(4)),
    timeoutMs: 40 * 60_000,
  });
  if (code !== 0) throw new Obstacle(`go ${args[0]} failed for the test cluster:\n${tail.slice(-3000)}`);
  return output.split('\n').filter((line) => !line.startsWith('go: ')).join('\n');
}
