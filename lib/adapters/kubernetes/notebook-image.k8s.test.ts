import { setTimeout as pause } from 'node:timers/promises';
import { CoreV1Api, KubeConfig, type V1Pod } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { Kernel } from '../../../scripts/testing/kernel.ts';
import type { Access } from '../../core/servers/jupyter.ts';
import { anyProfile, anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import { makeJupyter } from '../jupyter/jupyter.ts';
import { podOf, PORT } from './pod.ts';

const MB = 1 << 20;
const namespace = `test-image-${process.pid}`;
const kubeconfig = new KubeConfig();
kubeconfig.loadFromFile(inject('kubeconfig'));
const api = kubeconfig.makeApiClient(CoreV1Api);
const jupyter = makeJupyter();
const kernels: Kernel[] = [];

beforeAll(async () => {
  await api.createNamespace({ body: { metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } } });
  // No pod is admitted before its account is there.
  await vi.waitFor(() => api.readNamespacedServiceAccount({ namespace, name: 'default' }), { timeout: 60_000, interval: 100 });
});
afterEach(() => kernels.splice(0).forEach((kernel) => kernel.close()));
afterAll(async () => {
  await jupyter.close();
  await api.deleteNamespace({ name: namespace, gracePeriodSeconds: 0 });
});

const isReady = ({ status }: V1Pod) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

async function readyPod(): Promise<Access & { name: string }> {
  const [ref, secrets] = [anyServer(), anySecrets()];
  const settings = { image: inject('notebookImage'), pullPolicy: 'IfNotPresent' as const, requests: { cpus: 0.1, memoryBytes: 128 * MB, diskBytes: 50 * MB }, nodeSelector: {}, tolerations: [] };
  const { metadata } = await api.createNamespacedPod({ namespace, body: podOf(ref, anyProfile, secrets, settings, namespace) });
  const name = metadata!.name!;
  const deadline = Date.now() + 200_000;
  for (;;) {
    const pod = await api.readNamespacedPod({ namespace, name });
    if (isReady(pod)) return { name, ref, secrets, address: { kind: 'tcp', host: pod.status!.podIP!, port: PORT } };
    if (pod.status?.phase === 'Failed' || Date.now() > deadline) throw new Error(`the pod is not ready: ${JSON.stringify(pod.status)}`);
    await pause(100);
  }
}

async function openKernel(access: Access, path: string): Promise<Kernel> {
  const { kernelId, sessionId } = await jupyter.openSession(access, path);
  const kernel = await Kernel.connect(access, kernelId, sessionId);
  kernels.push(kernel);
  return kernel;
}

test('the notebook image, in a pod of ours under restricted admission, proves itself, has a warm kernel and runs cells with the lessons’ libraries', async () => {
  const pod = await readyPod();
  expect(await jupyter.prove(pod)).toBe('proven');
  expect(await jupyter.prove({ ...pod, ref: anyServer() })).toBe('other');

  const kernel = await openKernel(pod, 'lesson.ipynb');
  expect(await kernel.run('print(6 * 7)')).toBe('42\n');
  expect(await kernel.run('import os; os.getuid(), os.getcwd()')).toBe("(1000, '/home/learner')");
  expect(await kernel.run('import numpy, pandas, matplotlib.pyplot, sklearn, plotly, ipywidgets; print(pandas.Series([1, 2]).sum())')).toBe('3\n');
});

// Seen to fail with readOnlyRootFilesystem taken out of pod.ts, and with the settings only taken out of os.environ.
test('T30 in a pod, code can write where it may and nowhere else, and finds no secret of its server and no account of the cluster', async () => {
  const pod = await readyPod();
  const kernel = await openKernel(pod, 'probe.ipynb');
  const write = (path: string) => kernel.run(`open('${path}', 'w').close()`);
  for (const path of ['/home/learner/a', '/tmp/a', '/run/lectern/a']) expect(await write(path)).toBe('');
  for (const path of ['/a', '/opt/lectern/python/a', '/usr/a', '/etc/a', '/var/a']) expect(await write(path), path).toMatch(/Read-only file system/);

  const everyEnviron = await kernel.run("import glob, os; print(''.join(open(p, errors='replace').read() for p in glob.glob('/proc/[0-9]*/environ') if os.access(p, os.R_OK)))");
  expect(everyEnviron).toContain('HOME=');
  expect(everyEnviron).not.toContain(pod.secrets.token);
  expect(everyEnviron).not.toContain(pod.secrets.identityKey);
  expect(await kernel.run("print(os.path.exists('/var/run/secrets'))")).toBe('False\n');
});

const FORKS = `
import os, signal
children = []
try:
    for _ in range(300):
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
    print('no limit')
except BlockingIOError:
    print('refused')
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
`;

// Seen to fail with podPidsLimit taken out of k8s/test-cluster/node.sh.
test('T30 a pod that forks without end is refused by its node, and answers afterwards', async () => {
  const kernel = await openKernel(await readyPod(), 'forks.ipynb');
  expect(await kernel.run(FORKS)).toBe('refused\n');
  expect(await kernel.run('print(6 * 7)')).toBe('42\n');
});
