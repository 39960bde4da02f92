import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { overlays, podsOf, render, renderOver, selfTests, withSetting, type Thing } from './rendered.fixture.ts';

const call = promisify(execFile);
const learners = ['lectern-learners', 'lectern-learners-2'];
const namespaces = ['lectern', ...learners];

async function kubectl(args: string[], input: object[] = []): Promise<{ stdout: string; stderr: string }> {
  const running = call('kubectl', ['--kubeconfig', inject('kubeconfig'), ...args], { maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end(input.map((thing) => JSON.stringify(thing)).join('\n'));
  return running;
}

/** Everything of an overlay that runs nothing: namespaces, rights, priorities, policies. */
const still = (things: Thing[]) => things.filter(({ kind }) => !['Deployment', 'DaemonSet', 'Job', 'HorizontalPodAutoscaler'].includes(kind));

let made = false;
beforeAll(async () => {
  const { stdout } = await kubectl(['get', 'namespace', ...namespaces, '--ignore-not-found', '-o', 'name']);
  if (stdout) throw new Error('Lectern is installed in this cluster. Its tests would take it down: name another with LECTERN_TEST_KUBECONFIG.');
  made = true;
  await kubectl(['apply', '--server-side', '-f', '-'], still(render('examples/own-site')));
});
afterAll(async () => {
  if (made) await kubectl(['delete', 'namespace,priorityclass', '-l', 'app.kubernetes.io/part-of=lectern', '--wait=false']);
});

test.each([...overlays, ...selfTests, 'examples/gpu-profile'])('%s is what a real API server takes, without a warning', async (folder) => {
  const { stderr } = await kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], render(folder));
  // A version with dots in the name of a Job is the one thing it wonders about.
  expect(stderr.split('\n').filter((line) => line && !line.includes('must not contain dots'))).toEqual([]);
});

// Seen to fail with the capability list taken out of base/every-pod.yaml.
test('every pod of the deployment passes restricted admission', async () => {
  const own = render('examples/gpu-profile').filter(({ metadata }) => metadata.name.endsWith('-gpu'));
  const pods = [...[...overlays, ...selfTests].flatMap(render), ...own];
  const asked = podsOf(pods).map(({ name, namespace, labels, pod }) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: name.replaceAll('.', '-'), namespace, labels }, spec: { restartPolicy: 'Never', ...pod } }));
  const { stdout } = await kubectl(['create', '--dry-run=server', '-o', 'name', '-f', '-'], asked);
  expect(stdout.trim().split('\n')).toHaveLength(asked.length);
});

// Seen to fail with the ConfigMap in the Job's `envFrom`: what a Job's pod is may not be changed.
test('a setting is changed by applying once more, while the migration Job of this version is there', async () => {
  const apply = (things: Thing[]) => {
    for (const { kind, spec } of things) Object.assign(spec ?? {}, { Job: { suspend: true }, Deployment: { replicas: 0 } }[kind]);
    return kubectl(['apply', '-f', '-'], things.filter(({ kind }) => ['Deployment', 'Job'].includes(kind)));
  };
  await apply(render('overlays/local'));
  const { stdout } = await apply(renderOver('overlays/local', withSetting('LECTERN_MAX_SERVERS=7')));
  const did = (what: string) => stdout.split('\n').filter((line) => line.endsWith(` ${what}`)).map((line) => line.split(' ')[0]).sort();
  expect(did('unchanged')).toEqual(['deployment.apps/placeholder', 'job.batch/migrate-0.1.0']);
  expect(did('configured')).toEqual(['deployment.apps/controller', 'deployment.apps/gateway', 'deployment.apps/web']);
});

test('learners’ namespace refuses a pod that is not restricted', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bad', namespace: 'lectern-learners' }, spec: { containers: [{ name: 'main', image: 'x:1' }] } };
  await expect(kubectl(['create', '--dry-run=server', '-f', '-'], [pod])).rejects.toThrow(/violates PodSecurity "restricted/);
});

/** What a service account may do in a namespace: one line for each kind of thing. */
async function rightsOf(account: string, namespace: string): Promise<string[]> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const { stdout } = await kubectl(['create', '--validate=false', '--as', `system:serviceaccount:lectern:${account}`, '-o', 'json', '-f', '-'], [review]);
  const { status } = JSON.parse(stdout) as { status: { resourceRules: object[]; nonResourceRules: object[]; incomplete: boolean } };
  expect(status.incomplete).toBe(false);
  return [...status.resourceRules, ...status.nonResourceRules].map((rule) => JSON.stringify(rule)).sort();
}

const rights = [
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['lectern-marks'], verbs: ['list', 'watch', 'patch'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'create', 'delete', 'patch'] },
];

// Seen to fail with pods/exec added.
test('T31 beyond what any account may do, the controller’s may do six things to learners’ pods and three to the list of their marks, and nothing elsewhere', async () => {
  for (const namespace of [...namespaces, 'default', 'kube-system']) {
    const anybody = await rightsOf('web', namespace);
    const more = (await rightsOf('controller', namespace)).filter((rule) => !anybody.includes(rule)).map((rule) => JSON.parse(rule) as object);
    expect(new Set(more), namespace).toEqual(new Set(learners.includes(namespace) ? rights : []));
  }
});
