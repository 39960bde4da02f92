import { randomBytes } from 'node:crypto';
import { inject, vi } from 'vitest';
import { makeApi } from '../../lib/adapters/kubernetes/api.ts';
import { fromKubeconfig } from '../../lib/adapters/kubernetes/credentials.ts';
import { podsPath } from '../../lib/adapters/kubernetes/follow.ts';
import { emptyMarks, MARKS, marksPath, type SeenMarks } from '../../lib/adapters/kubernetes/marks.ts';
import { podName } from '../../lib/adapters/kubernetes/names.ts';
import type { PodSettings } from '../../lib/adapters/kubernetes/pod.ts';
import { isClaimed, ownerOf, type SeenPod } from '../../lib/adapters/kubernetes/sight.ts';
import { makeKubernetesSpawner, type KubernetesOptions } from '../../lib/adapters/kubernetes/spawner.ts';
import type { ServerRef } from '../../lib/core/servers/server.ts';

const MB = 1 << 20;

export type TestKubernetesSpawner = ReturnType<typeof makeKubernetesSpawner>;

/** A namespace of the test cluster in which learners' pods may run, restricted as theirs, and spawners over it. `remove` leaves nothing of it. */
export async function makeLearnersNamespace() {
  const name = `test-${randomBytes(4).toString('hex')}`;
  const credentials = () => fromKubeconfig(inject('kubeconfig'));
  const api = makeApi(credentials());
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.call('POST', 'api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } } });
  await api.call('POST', marksPath(name), { body: emptyMarks });
  // No pod is admitted before.
  await vi.waitFor(() => api.call('GET', `api/v1/namespaces/${name}/serviceaccounts/default`), { timeout: 60_000, interval: 100 });
  const settings: PodSettings = { image: inject('notebookImage'), pullPolicy: 'IfNotPresent', requests: { cpus: 0.05, memoryBytes: 64 * MB, diskBytes: 10 * MB }, nodeSelector: {}, tolerations: [] };
  const log: Record<string, unknown>[] = [];
  const opened: TestKubernetesSpawner[] = [];

  /** `others`: how pods of profiles that are not the default differ. `options`: how the cluster is reached, if not straight, and other namespaces. */
  function open(changed: Partial<PodSettings> = {}, others: Record<string, Partial<PodSettings>> = {}, options: Pick<Partial<KubernetesOptions>, 'credentials' | 'times' | 'namespaces'> = {}): TestKubernetesSpawner {
    const spawner = makeKubernetesSpawner({ credentials: credentials(), namespaces: [name], pods: (profile) => ({ ...settings, ...changed, ...others[profile] }), onLog: (message, about) => log.push({ message, ...about }), ...options });
    opened.push(spawner);
    return spawner;
  }
  const pods = async () => (await api.call<{ items: SeenPod[] }>('GET', podsPath(name))).items;

  async function empty(): Promise<void> {
    const last = open();
    await Promise.all((await last.list()).map((one) => last.stop(one)));
    await Promise.all(opened.splice(0).map((spawner) => spawner.close()));
    log.length = 0;
  }

  return {
    name,
    settings,
    credentials,
    api,
    log,
    open,
    pods,
    /** Names of pods whose mark does not lie on themselves. */
    marks: async () => Object.keys((await api.call<SeenMarks>('GET', `${marksPath(name)}/${MARKS}`)).data ?? {}),
    /** Whose they are, as the API server has it. */
    servers: async () => (await pods()).map((pod) => ({ ...ownerOf(pod)!, claimed: isClaimed(pod) })),
    path: (ref: ServerRef) => `${podsPath(name)}/${podName(ref)}`,
    /** As `kubectl drain` does it. */
    evict: (ref: ServerRef) =>
      api.call('POST', `${podsPath(name)}/${podName(ref)}/eviction`, { body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: podName(ref), namespace: name } } }),
    /** Every pod is stopped and every spawner closed. */
    empty,
    async remove(): Promise<void> {
      await empty();
      await api.call('DELETE', `api/v1/namespaces/${name}`);
      await api.close();
    },
  };
}

export type LearnersNamespace = Awaited<ReturnType<typeof makeLearnersNamespace>>;
