import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
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
export type Policy = { podSelector: object; policyTypes: string[]; ingress?: object[]; egress?: { to?: { ipBlock?: { cidr: string; except?: string[] }; namespaceSelector?: object; podSelector?: object }[]; ports?: object[] }[] };
/** An object of Kubernetes, as far as the tests look at it. */
export type Thing = { kind: string; metadata: { name: string; namespace?: string; labels?: Record<string, string> }; spec: Record<string, unknown> & { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } }; data?: Record<string, string> } & Record<string, unknown>;

const kustomize = (path: string) => parseAllDocuments(execFileSync('kubectl', ['kustomize', path], { encoding: 'utf8' })).map((document) => document.toJS() as Thing);

/** What `kubectl apply -k` would send. */
export const render = (folder: string): Thing[] => kustomize(join(import.meta.dirname, folder));

/** What it would send of an operator's own folder over one of these. */
export function renderOver(folder: string, { components = [], ...more }: { components?: string[] } & Record<string, unknown>): Thing[] {
  const own = mkdtempSync(join(tmpdir(), 'lectern-overlay-'));
  const here = (path: string) => relative(own, join(import.meta.dirname, path));
  try {
    writeFileSync(join(own, 'kustomization.yaml'), JSON.stringify({ resources: [here(folder)], components: components.map(here), ...more }));
    return kustomize(own);
  } finally {
    rmSync(own, { recursive: true });
  }
}

/** A setting of the operator's own. */
export const withSetting = (setting: string) => ({ configMapGenerator: [{ name: 'lectern', namespace: 'lectern', behavior: 'merge', literals: [setting] }] });

/** The self-test, as it is and as each cloud and an operator of their own has it. */
export const selfTests = ['self-test', 'overlays/gke/self-test', 'overlays/eks/self-test', 'examples/own-site/self-test'];

export const overlays = ['overlays/local', 'overlays/gke', 'overlays/eks', 'examples/own-site'];

const workloads = ['Deployment', 'DaemonSet', 'Job'];

/** The pods that would come of them. */
export const podsOf = (things: Thing[]) => things.filter(({ kind }) => workloads.includes(kind)).map(({ metadata, spec }) => ({ name: metadata.name, namespace: metadata.namespace, labels: spec.template.metadata.labels, pod: spec.template.spec }));
