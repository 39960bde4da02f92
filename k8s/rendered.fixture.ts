import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

type Probe = { httpGet: { path: string; port: string } };
type Container = {
  name: string;
  image: string;
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: object;
  ports?: { name: string; containerPort: number }[];
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
  lifecycle?: { preStop: { sleep: { seconds: number } } };
};
type PodSpec = { containers: Container[]; securityContext: object; volumes?: Record<string, unknown>[]; terminationGracePeriodSeconds: number } & Record<string, unknown>;
export type Policy = { podSelector: object; policyTypes: string[]; ingress?: object[]; egress?: { to?: { ipBlock?: { cidr: string; except?: string[] } }[]; ports?: object[] }[] };
/** An object of Kubernetes, as far as the tests look at it. */
export type Thing = { kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string> }; spec: Record<string, unknown> & { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } }; data?: Record<string, string> } & Record<string, unknown>;

/** What `kubectl apply -k` would send. */
export const render = (folder: string): Thing[] =>
  parseAllDocuments(execFileSync('kubectl', ['kustomize', join(import.meta.dirname, folder)], { encoding: 'utf8' })).map((document) => document.toJS() as Thing);

export const overlays = ['local', 'gke', 'eks'];

const workloads = ['Deployment', 'DaemonSet', 'Job'];

/** The pods that would come of them. */
export const podsOf = (things: Thing[]) => things.filter(({ kind }) => workloads.includes(kind)).map(({ metadata, spec }) => ({ name: metadata.name, namespace: metadata.namespace, labels: spec.template.metadata.labels, pod: spec.template.spec }));
