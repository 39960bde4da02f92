import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { podsOf, render, selfTests, type Thing } from './rendered.fixture.ts';

/** The site that the self-test of this folder looks at. */
const siteOf = (folder: string) => render(folder === 'self-test' ? 'overlays/local' : dirname(folder));
const settingsOf = (site: Thing[]) => site.find(({ kind, data }) => kind === 'ConfigMap' && data)!.data!;
const isLearners = ({ namespace }: { namespace?: string }) => namespace!.startsWith('lectern-learners');

/** What a Job of the self-test says must answer, or must be silent. */
function expectedOf({ pod }: ReturnType<typeof podsOf>[number], which: 'open' | 'closed'): string[] {
  const { command } = pod.containers[0] as unknown as { command: string[] };
  let now: string | undefined;
  return command.filter((word) => {
    const isTarget = word !== 'open' && word !== 'closed';
    if (!isTarget) now = word;
    return isTarget && now === which;
  });
}

describe.each(selfTests)('%s', (folder) => {
  const [site, jobs] = [siteOf(folder), podsOf(render(folder))];
  const [places, others] = [jobs.filter(isLearners), jobs.filter((job) => !isLearners(job))];

  // Seen to fail without the label in self-test/learner/job.yaml, and, for one's own site, without the cloud's component in its learners-2.
  test('looks from where servers run, in the image they run', () => {
    const { pod: placeholder } = podsOf(site).find(({ name }) => name === 'placeholder')!;
    for (const { pod } of places) expect([pod.nodeSelector, pod.tolerations]).toEqual([placeholder.nodeSelector, placeholder.tolerations]);
    expect(new Set(jobs.map(({ pod }) => pod.containers[0]!.image))).toEqual(new Set([settingsOf(site).LECTERN_KUBERNETES_IMAGE]));
    for (const { namespace, pod } of others) expect([namespace, pod.nodeSelector, pod.tolerations]).toEqual(['lectern', undefined, undefined]);
  });

  // Seen to fail, for one's own site, without learners-2 in its self-test, and without each of the addresses there.
  test('T32 looks from each learners’ namespace, and at servers of each from the gateway and from anywhere else', () => {
    const namespaces = (settingsOf(site).LECTERN_KUBERNETES_NAMESPACES ?? 'lectern-learners').split(',');
    expect(places.map(({ namespace }) => namespace).sort()).toEqual(namespaces);
    const servers = namespaces.map((namespace) => `network-self-test-0.network-self-test.${namespace}.svc:8888`);
    const [gateway, stranger] = ['gateway', 'stranger'].map((who) => others.find(({ name }) => name === `network-self-test-${who}`)!) as [(typeof others)[0], (typeof others)[0]];
    expect(expectedOf(gateway, 'open')).toEqual(expect.arrayContaining(servers));
    expect(expectedOf(stranger, 'closed')).toEqual(expect.arrayContaining(servers));
    for (const place of places.filter(({ namespace }) => namespace !== namespaces[0])) expect(expectedOf(place, 'closed')).toContain(servers[0]);
  });
});

describe('the example of a site of one’s own', () => {
  const things = render('examples/own-site');
  const inside = (namespace: string) => things.filter(({ metadata }) => metadata.namespace === namespace);

  // Seen to fail without the cloud's component in learners-2.
  test('its second learners’ namespace is as the first', () => {
    const first = JSON.stringify(inside('lectern-learners'));
    expect(JSON.stringify(inside('lectern-learners-2')).replaceAll('lectern-learners-2', 'lectern-learners')).toBe(first);
    expect(inside('lectern-learners').length).toBeGreaterThan(7);
  });

  // Seen to fail with no address in the policy, with a further one, with the self-test at another address, and with `open` said before it there.
  test('T32 its programs speak to its own database, and its self-test looks whether learners do', () => {
    const [address] = things.find(({ metadata }) => metadata.name === 'to-database')!.spec.egress as { to: { ipBlock: { cidr: string } }[] }[];
    expect(address!.to).toHaveLength(1);
    const places = podsOf(render('examples/own-site/self-test')).filter(isLearners);
    expect(places).toHaveLength(2);
    for (const place of places) expect(expectedOf(place, 'closed')).toContain(`${address!.to[0]!.ipBlock.cidr.replace('/32', '')}:5432`);
  });
});
