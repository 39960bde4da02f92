import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { spawnerContract } from '../../core/servers/spawner.contract.ts';
import { anyProfile, anySecrets, anyServer } from '../../core/servers/server.fixture.ts';
import type { Profile, ServerRef } from '../../core/servers/server.ts';
import { makeJupyter } from '../jupyter/jupyter.ts';
import { makeApi, type Api } from './api.ts';
import { fromKubeconfig } from './credentials.ts';
import { podsPath } from './follow.ts';
import { podName } from './names.ts';
import type { PodSettings } from './pod.ts';
import type { SeenPod } from './sight.ts';
import { makeKubernetesSpawner } from './spawner.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });
const patient = { timeout: 200_000, interval: 50 };

const MB = 1 << 20;
const pods: PodSettings = { image: 'docker.io/lectern/notebook:test', pullPolicy: 'Never', requests: { cpus: 0.05, memoryBytes: 64 * MB, diskBytes: 10 * MB }, nodeSelector: {}, tolerations: [] };
const namespace = `spawner-${randomBytes(4).toString('hex')}`;
let api: Api;

beforeAll(async () => {
  api = makeApi(fromKubeconfig(inject('kubeconfig')));
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.call('POST', 'api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } } });
  // No pod is admitted before.
  await vi.waitFor(() => api.call('GET', `api/v1/namespaces/${namespace}/serviceaccounts/default`), patient);
});
afterAll(async () => {
  await api.call('DELETE', `api/v1/namespaces/${namespace}`);
  await api.close();
});

type Opened = ReturnType<typeof makeKubernetesSpawner>;
let log: Record<string, unknown>[] = [];
let opened: Opened[] = [];
const open = (changed: Partial<PodSettings> = {}): Opened => {
  opened.push(makeKubernetesSpawner({ credentials: fromKubeconfig(inject('kubeconfig')), namespaces: [namespace], pods: { ...pods, ...changed }, onLog: (message, about) => log.push({ message, ...about }) }));
  return opened.at(-1)!;
};
/** Everything of the namespace is stopped; nothing of it is left. */
async function end(): Promise<void> {
  const last = open();
  await Promise.all((await last.list()).map((one) => last.stop(one)));
  await Promise.all(opened.map((spawner) => spawner.close()));
  opened = [];
  log = [];
}
const exec = (ref: ServerRef, ...command: string[]) => promisify(execFile)('kubectl', ['--kubeconfig', inject('kubeconfig'), '-n', namespace, 'exec', podName(ref), '--', ...command]);

spawnerContract('the Kubernetes spawner on a real API server, in a restricted namespace', async () => ({
  open: async () => open(),
  crash: async (ref) => void (await exec(ref, 'sh', '-c', 'kill -TERM 1')),
  end,
}));

describe('on a real node', () => {
  let spawner: Opened;
  beforeEach(() => {
    spawner = open();
  });
  afterEach(end);

  const start = async (by = spawner, profile: Partial<Profile> = {}) => {
    const ref = anyServer();
    await by.start(ref, { ...anyProfile, ...profile }, anySecrets());
    return ref;
  };
  const path = (ref: ServerRef) => `${podsPath(namespace)}/${podName(ref)}`;
  const pod = (ref: ServerRef) => api.call<SeenPod>('GET', path(ref));

  /** Both are looked at all the time: how much later than the cluster itself says it the spawner's list says it, too. */
  async function delay(ref: ServerRef, by: Opened, saysCluster: (pod: SeenPod) => boolean, saysList: object): Promise<number> {
    const cluster = vi.waitFor(async () => expect(saysCluster(await pod(ref))).toBe(true), patient).then(() => performance.now());
    const list = vi.waitFor(async () => expect(await by.list()).toMatchObject([{ id: ref.id, sighting: saysList }]), patient).then(() => performance.now());
    return (await list) - (await cluster);
  }
  const isWaiting = (pod: SeenPod) => Boolean(pod.status?.containerStatuses?.some(({ state }) => /Pull/.test(state?.waiting?.reason ?? '')));

  test.each(['Never', 'IfNotPresent'] as const)('F15 an image that is missing is said within 10 s (pull policy %s)', async (pullPolicy) => {
    const by = open({ image: 'registry.invalid/lectern/absent:1', pullPolicy });
    const ref = await start(by);
    expect(await delay(ref, by, isWaiting, { state: 'pending', stage: 'image' })).toBeLessThan(10_000);
    expect(log).toContainEqual(expect.objectContaining({ message: 'a server has to wait', server: ref.id, because: 'image' }));
  });

  test('F15 a server that fits on no node is said within 10 s', async () => {
    const by = open({ requests: { cpus: 4000, memoryBytes: 64 * MB, diskBytes: 10 * MB } });
    const ref = await start(by, { cpus: 4000 });
    const saysCluster = ({ status }: SeenPod) => Boolean(status?.conditions?.some(({ reason }) => reason === 'Unschedulable'));
    expect(await delay(ref, by, saysCluster, { state: 'pending', stage: 'room' })).toBeLessThan(10_000);
    expect(log).toContainEqual(expect.objectContaining({ because: 'room', said: expect.stringContaining('Insufficient cpu') as unknown }));
  });

  test('F14 a server that takes more memory than it has is said within 10 s', async () => {
    const ref = await start(spawner, { memoryBytes: 40 * MB });
    const saysCluster = ({ status }: SeenPod) => Boolean(status?.containerStatuses?.some(({ state }) => state?.terminated?.reason === 'OOMKilled'));
    expect(await delay(ref, spawner, saysCluster, { state: 'ended', reason: 'memory' })).toBeLessThan(10_000);
  });

  async function ready(): Promise<ServerRef> {
    const ref = await start();
    await vi.waitFor(async () => expect(await spawner.list()).toMatchObject([{ sighting: { state: 'ready' } }]), patient);
    return ref;
  }

  // Seen to fail with no remains kept (lib/adapters/kubernetes/spawner.ts).
  test('F14 a server that is evicted is said within 10 s', async () => {
    const ref = await ready();
    await api.call('POST', `${path(ref)}/eviction`, { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: podName(ref), namespace } } });
    const asked = performance.now();
    await vi.waitFor(async () => expect(await spawner.list()).toMatchObject([{ sighting: { state: 'ended', reason: 'evicted' } }]), patient);
    expect(performance.now() - asked).toBeLessThan(10_000);
  });

  test('F26 a pod deleted by hand is missed within 10 s, and can be started again', async () => {
    const ref = await ready();
    const { uid } = (await pod(ref)).metadata;
    await api.call('DELETE', path(ref));
    const asked = performance.now();
    await vi.waitFor(async () => expect((await spawner.list()).some(({ sighting }) => sighting.state === 'ready')).toBe(false), patient);
    expect(performance.now() - asked).toBeLessThan(10_000);
    await spawner.stop(ref, uid);
    expect(await spawner.look(ref)).toEqual({ state: 'absent' });
    await spawner.start(ref, anyProfile, anySecrets());
    expect(await spawner.list()).toMatchObject([{ id: ref.id, sighting: { state: 'pending' } }]);
  });

  test('a server in a pod proves who it is over its address', async () => {
    const [ref, secrets] = [anyServer(), anySecrets()];
    await spawner.start(ref, anyProfile, secrets);
    await vi.waitFor(async () => expect(await spawner.list()).toMatchObject([{ sighting: { state: 'ready' } }]), patient);
    const [{ sighting }] = (await spawner.list()) as [Awaited<ReturnType<Opened['list']>>[number]];
    if (sighting.state !== 'ready') throw new Error(`it is ${sighting.state}`);
    const jupyter = makeJupyter();
    try {
      expect(await jupyter.prove({ ref, address: sighting.address, secrets })).toBe('proven');
      expect(await jupyter.prove({ ref: { ...ref, generation: 2 }, address: sighting.address, secrets })).toBe('other');
      expect((await jupyter.status({ ref, address: sighting.address, secrets })).kernels).toEqual([]);
    } finally {
      await jupyter.close();
    }
  });

  // T30: from inside, what the manifest and the node promise.
  test('T30 in a pod: no token, no rights, nothing to write to but its own folders, and processes are counted', async () => {
    const ref = await ready();
    const { stdout } = await exec(ref, 'python', '-c', INSIDE);
    expect(JSON.parse(stdout)).toEqual({ uid: 1000, token: false, capabilities: 0, noNewPrivileges: 1, seccomp: 2, writable: ['/home/learner', '/tmp', '/run/lectern'], manyProcesses: false });
    await vi.waitFor(async () => expect(await spawner.list()).toMatchObject([{ sighting: { state: 'ready' } }]), patient);
  });

  // Only where the cluster is ours to break.
  test.runIf(Boolean(inject('clusterDir')))('F13 the API server is killed in the middle of a burst: each pod is made once, and all are seen', async () => {
    const parts = join(inject('clusterDir'), 'parts');
    const by = open({ nodeSelector: { no: 'node' } });
    await by.list();
    const refs = Array.from({ length: 60 }, anyServer);
    const starts = refs.map((ref) => by.start(ref, anyProfile, anySecrets()));
    await Promise.race(starts);
    process.kill(Number(readFileSync(join(parts, 'kube-apiserver.pid'), 'utf8')), 'SIGKILL');
    const restarted = spawn(join(parts, 'kube-apiserver'), { detached: true, stdio: 'ignore' });
    restarted.unref();
    await Promise.all(starts);
    // What the scheduler makes of them is its own affair: it was cut off, too.
    await vi.waitFor(async () => expect(await by.list()).toHaveLength(60), patient);
    const { items } = await api.call<{ items: SeenPod[] }>('GET', podsPath(namespace));
    expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(refs.map(podName).sort());
    expect(log).toContainEqual(expect.objectContaining({ message: 'the pods of a namespace are listed anew' }));
  });
});

const INSIDE = `
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def may_write(folder):
    try:
        with open(os.path.join(folder, "trial"), "w") as file:
            file.write("x")
        os.remove(os.path.join(folder, "trial"))
        return True
    except OSError:
        return False
children = []
try:
    while len(children) < 2000:
        child = os.fork()
        if child == 0:
            import time
            time.sleep(600)
            os._exit(0)
        children.append(child)
except OSError:
    pass
for child in children:
    os.kill(child, 9)
print(json.dumps({
    "uid": os.getuid(),
    "token": os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount/token"),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "noNewPrivileges": int(status["NoNewPrivs"]),
    "seccomp": int(status["Seccomp"]),
    "writable": [folder for folder in ["/", "/etc", "/usr", "/opt", "/home/learner", "/tmp", "/var", "/run", "/run/lectern"] if may_write(folder)],
    "manyProcesses": len(children) >= 2000,
}))
`;
