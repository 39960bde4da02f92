import type { V1Pod, V1Toleration } from '@kubernetes/client-node';
import type { ServerId } from '../../core/ids.ts';
import type { Profile, ServerRef } from '../../core/servers/server.ts';
import type { ServerSecrets } from '../../core/servers/spawner.ts';
import { hash, keys, labelValue, podName, sayRef } from './names.ts';

/** How pods are made, besides their profile. Sizes in bytes. */
export type PodSettings = {
  image: string;
  pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  pullSecret?: string;
  /** What the scheduler keeps free for each; the profile says the most it may take. */
  requests: { cpus: number; memoryBytes: number; diskBytes: number };
  nodeSelector: Record<string, string>;
  tolerations: V1Toleration[];
  runtimeClass?: string;
  priorityClass?: string;
  gpus?: { resource: string; count: number };
};

export const PORT = 8888;
const HOME = '/home/learner';
const RUN = '/run/lectern';
/** The user of the notebook image. */
const UID = 1000;
/** Between SIGTERM and SIGKILL: what is on the disk was fetched before, so there is nothing to wait for but Jupyter's own end. */
export const GRACE_S = 5;
const MB = 1 << 20;

/** The pod of one server, whole: nothing of it depends on anything but what is given. `claimed`: somebody's from the beginning. */
export function podOf(ref: ServerRef, profile: Profile, secrets: ServerSecrets, settings: PodSettings, namespace: string, claimed = false): V1Pod {
  const pod = withoutRecipe(ref, profile, secrets, settings, namespace, claimed);
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [keys.recipe]: recipeOf(profile, settings) } } };
}

/** In short, what all pods of a profile have in common as they are made now: all of one but whose it is, its secrets and its place. */
export const recipeOf = (profile: Profile, settings: PodSettings): string =>
  hash(JSON.stringify(withoutRecipe({ id: '' as ServerId, generation: 0 }, profile, { token: '', identityKey: '' }, settings, '', false)));

function withoutRecipe(ref: ServerRef, profile: Profile, secrets: ServerSecrets, settings: PodSettings, namespace: string, claimed: boolean): V1Pod {
  const { requests, gpus } = settings;
  const [home, tmp] = [profile.diskBytes, Math.ceil(profile.diskBytes / 4)];
  const disk = home + 2 * tmp + 16 * MB;
  const gpu = gpus ? { [gpus.resource]: String(gpus.count) } : {};
  const told = { ...ref, token: secrets.token, identityKey: secrets.identityKey, listen: { host: '0.0.0.0', port: PORT }, root: HOME, run: RUN };
  const folders = [
    { name: 'home', mountPath: HOME, size: home },
    { name: 'tmp', mountPath: '/tmp', size: tmp },
    { name: 'run', mountPath: RUN, size: tmp },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(ref),
      namespace,
      labels: {
        'app.kubernetes.io/part-of': 'lectern',
        'app.kubernetes.io/component': 'server',
        [keys.id]: labelValue(ref.id),
        [keys.generation]: String(ref.generation),
        [keys.profile]: labelValue(profile.name),
        [keys.state]: 'pool',
        ...(claimed && claimedPatch.metadata.labels),
      },
      annotations: { [keys.server]: sayRef(ref), [keys.safeToEvict]: 'true', ...(claimed && claimedPatch.metadata.annotations) },
    },
    spec: {
      // One life: a server that died is ended, and its successor is another generation.
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: GRACE_S,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      hostname: 'notebook',
      securityContext: { runAsNonRoot: true, runAsUser: UID, runAsGroup: UID, fsGroup: UID, seccompProfile: { type: 'RuntimeDefault' } },
      ...(settings.runtimeClass && { runtimeClassName: settings.runtimeClass }),
      ...(settings.priorityClass && { priorityClassName: settings.priorityClass }),
      ...(settings.pullSecret && { imagePullSecrets: [{ name: settings.pullSecret }] }),
      ...(Object.keys(settings.nodeSelector).length > 0 && { nodeSelector: settings.nodeSelector }),
      ...(settings.tolerations.length > 0 && { tolerations: settings.tolerations }),
      volumes: folders.map(({ name, size }) => ({ name, emptyDir: { sizeLimit: String(size) } })),
      containers: [
        {
          name: 'notebook',
          image: settings.image,
          imagePullPolicy: settings.pullPolicy,
          ports: [{ containerPort: PORT }],
          env: [
            { name: 'LECTERN_SETTINGS', value: JSON.stringify(told) },
            // Libraries count the node's CPUs, not the pod's.
            ...['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'].map((name) => ({ name, value: String(Math.max(1, Math.floor(profile.cpus))) })),
          ],
          volumeMounts: folders.map(({ name, mountPath }) => ({ name, mountPath })),
          securityContext: { allowPrivilegeEscalation: false, privileged: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
          // Asked until the kernel is warm, and never again: a busy server is not an ended one. The controller's deadline comes first.
          startupProbe: { httpGet: { path: '/lectern/ready', port: PORT }, periodSeconds: 1, timeoutSeconds: 3, failureThreshold: Math.ceil(profile.startDeadlineMs / 1000) + 60 },
          resources: {
            requests: {
              cpu: milli(Math.min(requests.cpus, profile.cpus)),
              memory: String(Math.min(requests.memoryBytes, profile.memoryBytes)),
              'ephemeral-storage': String(Math.min(requests.diskBytes, disk)),
              ...gpu,
            },
            limits: { cpu: milli(profile.cpus), memory: String(profile.memoryBytes), 'ephemeral-storage': String(disk), ...gpu },
          },
        },
      ],
    },
  };
}

const milli = (cpus: number) => `${Math.round(cpus * 1000)}m`;

/** What `mark` changes: one way, and the autoscaler keeps its hands off from then on. */
export const claimedPatch = { metadata: { labels: { [keys.state]: 'claimed' }, annotations: { [keys.safeToEvict]: 'false' } } };
