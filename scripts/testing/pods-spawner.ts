import { fromKubeconfig } from '../../lib/adapters/kubernetes/credentials.ts';
import type { PodSettings } from '../../lib/adapters/kubernetes/pod.ts';
import { makeKubernetesSpawner } from '../../lib/adapters/kubernetes/spawner.ts';

export type { PodSettings };

/** A spawner for a process of its own; in a test's process it is the namespace's `open`. */
export const makePodsSpawner = (kubeconfig: string, namespace: string, pods: PodSettings) => makeKubernetesSpawner({ credentials: fromKubeconfig(kubeconfig), namespaces: [namespace], pods: () => pods });
