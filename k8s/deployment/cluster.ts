import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { podName } from '../../lib/adapters/kubernetes/names.ts';
import { liveServer } from '../../e2e/lesson.ts';
import type { Person } from '../../e2e/people.ts';
import { render, type Thing } from '../rendered.fixture.ts';

const call = promisify(execFile);

/** The address of the node, where pods find what runs beside the cluster. */
export const NODE = '10.199.0.1';
// This cluster has no DNS: what programs find by name there is told to them here.
export const [WEB, GATEWAY] = ['10.96.77.1', '10.96.77.2'];
export const LIMIT = '--timeout=240s';
export const LEARNERS = ['-n', 'lectern-learners'];
export const PROGRAMS = ['deployment/web', 'deployment/gateway', 'deployment/controller'];

/** @param input objects that are read from its standard input */
export async function kubectl(args: string[], input: object[] = []): Promise<string> {
  const running = call('kubectl', ['--kubeconfig', process.env.LECTERN_TEST_KUBECONFIG!, ...args], { maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end(input.map((thing) => JSON.stringify(thing)).join('\n'));
  return (await running).stdout;
}

/** Images as they lie on the node. */
export const images = (...args: string[]) => call('ctr', ['-a', '/run/containerd.sock', '-n', 'k8s.io', 'images', ...args]);

/** The overlay for one machine, in the room of a small one, with the images of this tree as that version. */
export function onThisCluster(version: string): Thing[] {
  const small = render('overlays/local').filter(({ kind }) => kind !== 'HorizontalPodAutoscaler');
  for (const { kind, metadata, spec, data } of small) {
    if (kind === 'ConfigMap' && data) Object.assign(data, { LECTERN_WEB_URL: `http://${WEB}:3000`, LECTERN_POOL_FLOOR: '1', LECTERN_KUBERNETES_IMAGE: `lectern/notebook:${version}`, LECTERN_KUBERNETES_REQUEST_MEMORY_MB: '128' });
    if (kind === 'Service') spec.clusterIP = metadata.name === 'web' ? WEB : GATEWAY;
    if (kind === 'Deployment') spec.replicas = metadata.name === 'placeholder' ? 0 : 2;
    if (kind === 'Job') metadata.name = `migrate-to-${version}`;
    for (const container of spec?.template?.spec.containers ?? []) {
      container.image = container.image.replace(/:.*/, `:${version}`);
      if (container.image.startsWith('lectern/site')) Object.assign(container.resources.requests, { cpu: '20m', memory: '64Mi' });
    }
  }
  return small;
}

/** The folder of an overlay that is these objects. */
export function writeOverlay(folder: string, things: Thing[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'all.yaml'), things.map((thing) => JSON.stringify(thing)).join('\n---\n'));
  writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [all.yaml]\n');
}

/** What to look at when something did not come up. */
export async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const seen = await Promise.all([kubectl(['get', 'pods', '-A']), kubectl(['get', 'events', '-A', '--field-selector', 'type=Warning']), ...PROGRAMS.map((name) => kubectl(['-n', 'lectern', 'logs', name, '--tail=10']).catch(String))]);
    throw new Error(`${(error as Error).message}\n${seen.join('\n')}`, { cause: error });
  }
}

/** The pod of the person's server. */
export async function podOf(person: Person): Promise<string> {
  const server = await liveServer(person);
  if (!server) throw new Error('the person has no server');
  return podName(server);
}
