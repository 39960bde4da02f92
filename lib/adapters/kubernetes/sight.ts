import type { EndReason } from '../../core/servers/reason.ts';
import type { Stage } from '../../core/servers/server.ts';
import type { Listed } from '../../core/servers/spawner.ts';
import { keys, readRef } from './names.ts';
import { PORT } from './pod.ts';

type Condition = { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string | null };
type Terminated = { reason?: string; message?: string; exitCode?: number; startedAt?: string | null };

/** What we read of a pod, as the API server sends it. */
export type SeenPod = {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string; deletionTimestamp?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    podIP?: string;
    conditions?: Condition[];
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string }; running?: object; terminated?: Terminated } }[];
  };
};

export type Sight = {
  sighting: Listed['sighting'];
  /** The cluster's own words, for the operator's log alone. */
  said?: string;
};

const IMAGE = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'ImageInspectError', 'RegistryUnavailable', 'SignatureValidationFailed']);
/** Reasons of the condition DisruptionTarget; others of it are evictions. */
const LOST = new Set(['DeletionByTaintManager', 'DeletionByPodGC']);
/** A node's own refusals of what the scheduler gave it. */
const REFUSED = /^(OutOf|NodeAffinity|NodePorts|UnexpectedAdmissionError|InsufficientResource)/;

/** Whose pod it is, by what no learner can change; none when it is not ours. */
export const ownerOf = (pod: SeenPod) => readRef(pod.metadata.annotations?.[keys.server]);

/** Which profile it was made of, by the label's value, and from what. */
export const recipeIn = ({ metadata: { labels, annotations } }: SeenPod) => ({ profile: labels?.[keys.profile], recipe: annotations?.[keys.recipe] });

export const isClaimed = (pod: SeenPod) => pod.metadata.labels?.[keys.state] === 'claimed';

/** Pure: what the cluster says of a pod, in our words. Only what is true now counts, never which events led to it. */
export function sight(pod: SeenPod): Sight {
  const instance = pod.metadata.uid;
  const { status = {} } = pod;
  const end = endOf(pod);
  if (end) return { sighting: { state: 'ended', reason: end.reason, instance }, ...words(end.said) };
  if (isTrue(pod, 'Ready') && status.podIP) return { sighting: { state: 'ready', address: { kind: 'tcp', host: status.podIP, port: PORT }, instance } };
  const { stage, said } = stageOf(pod);
  return { sighting: { state: 'pending', stage, instance }, ...words(said) };
}

function endOf(pod: SeenPod): { reason: EndReason; said: unknown[] } | undefined {
  const { status = {} } = pod;
  const dead = status.containerStatuses?.find(({ state }) => state?.terminated)?.state?.terminated;
  const disrupted = condition(pod, 'DisruptionTarget');
  const said = [status.reason, status.message, dead?.reason, dead?.exitCode !== undefined && `exit code ${dead.exitCode}`, dead?.message];
  const ended = (reason: EndReason, ...more: unknown[]) => ({ reason, said: [...said, ...more] });
  if (dead?.reason === 'OOMKilled') return ended('memory');
  if (status.reason === 'NodeLost' || status.phase === 'Unknown') return ended('lost');
  if (status.phase === 'Failed' && status.reason === 'Evicted') return ended(/exceed(s|ed) (the|its)/.test(status.message ?? '') ? 'disk' : 'evicted');
  if (disrupted?.status === 'True') return ended(LOST.has(disrupted.reason ?? '') ? 'lost' : 'evicted', disrupted.reason, disrupted.message);
  if (status.phase === 'Failed' && REFUSED.test(status.reason ?? '')) return ended('room');
  // `Terminated` and `NodeShutdown`: its node shuts down; `Preempting`: the node needs the room.
  if (status.phase === 'Failed' && ['Preempting', 'Terminated', 'NodeShutdown', 'Shutdown'].includes(status.reason ?? '')) return ended('evicted');
  if (pod.metadata.deletionTimestamp) return ended('lost', 'the pod is being deleted');
  if (dead || status.phase === 'Failed' || status.phase === 'Succeeded') return ended(dead && wasReady(pod, dead) ? 'crashed' : 'start');
  // A kubelet writes both conditions together; only the control plane takes Ready away alone, when the node has gone silent.
  if (condition(pod, 'Ready')?.status === 'False' && isTrue(pod, 'ContainersReady')) return ended('lost', 'the node does not answer');
  return undefined;
}

/** Ready changed after the container had started: it changed to true once. Until then it is false from before that start. */
function wasReady(pod: SeenPod, { startedAt }: Terminated): boolean {
  const changed = condition(pod, 'Ready')?.lastTransitionTime;
  return Boolean(changed && startedAt && Date.parse(changed) > Date.parse(startedAt));
}

function stageOf(pod: SeenPod): { stage: Stage; said: unknown[] } {
  const scheduled = condition(pod, 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') return { stage: 'room', said: [scheduled.reason, scheduled.message] };
  const state = pod.status?.containerStatuses?.[0]?.state;
  if (state?.running) return { stage: 'booting', said: [] };
  const waiting = state?.waiting;
  if (waiting && IMAGE.has(waiting.reason ?? '')) return { stage: 'image', said: [waiting.reason, waiting.message] };
  return { stage: 'creating', said: waiting?.reason === 'ContainerCreating' ? [] : [waiting?.reason, waiting?.message] };
}

const condition = (pod: SeenPod, type: string) => pod.status?.conditions?.find((one) => one.type === type);
const isTrue = (pod: SeenPod, type: string) => condition(pod, type)?.status === 'True';

/** Bounded, on one line, and with nothing that would be more than text wherever a log is shown. */
function words(said: unknown[]): { said?: string } {
  const text = said.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return text === '' ? {} : { said: text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replace(/[<>&]/g, (sign) => `&#${sign.codePointAt(0)};`).slice(0, 400) };
}
