import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { podsOf, render, selfTests } from './rendered.fixture.ts';

// Seen to fail without the label in self-test/jobs.yaml.
test.each(selfTests)('%s looks from where servers run, in the image they run', (folder) => {
  const site = render(folder === 'self-test' ? 'overlays/local' : dirname(folder));
  const [inside, jobs] = [site, render(folder)].map(podsOf);
  const { pod: placeholder } = inside!.find(({ name }) => name === 'placeholder')!;
  const { pod: place } = jobs!.find(({ namespace }) => namespace === 'lectern-learners')!;
  expect([place.nodeSelector, place.tolerations]).toEqual([placeholder.nodeSelector, placeholder.tolerations]);
  expect(new Set(jobs!.map(({ pod }) => pod.containers[0]!.image))).toEqual(new Set([site.find(({ kind, data }) => kind === 'ConfigMap' && data)!.data!.LECTERN_KUBERNETES_IMAGE]));
  for (const { namespace, pod } of jobs!.filter((job) => job.namespace !== 'lectern-learners')) expect([namespace, pod.nodeSelector, pod.tolerations]).toEqual(['lectern', undefined, undefined]);
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
    const { pod } = podsOf(render('examples/own-site/self-test')).find(({ namespace }) => namespace === 'lectern-learners')!;
    const { command } = pod.containers[0] as unknown as { command: string[] };
    const database = `${address!.to[0]!.ipBlock.cidr.replace('/32', '')}:5432`;
    expect(command).toContain(database);
    expect(command.slice(0, command.indexOf(database)).findLast((word) => word === 'open' || word === 'closed')).toBe('closed');
  });
});
