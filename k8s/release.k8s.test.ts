import { describe, expect, test } from 'vitest';
import { readConfig } from '../lib/config/config.ts';
import { overlays, render, renderOver, withSetting, type Thing } from './rendered.fixture.ts';

const jobsOf = (things: Thing[]) => things.filter(({ kind }) => kind === 'Job');
const podsOf = (things: Thing[], programs: string[]) => programs.map((name) => JSON.stringify(things.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)!.spec.template));

describe.each(overlays)('an operator’s own folder over %s', (folder) => {
  const ours = render(folder);

  // Seen to fail with the ConfigMap in the Job's `envFrom`.
  test('a changed setting makes new pods of the programs, and the migration Job, which may not change, is the same to the letter', () => {
    const changed = renderOver(folder, withSetting('LECTERN_MAX_SERVERS=7'));
    expect(JSON.stringify(jobsOf(changed))).toBe(JSON.stringify(jobsOf(ours)));
    const programs = ['web', 'gateway', 'controller'];
    const before = podsOf(ours, programs);
    for (const pod of podsOf(changed, programs)) expect(before).not.toContain(pod);
  });

  test('the migration Job gets all it needs from the Secret', () => {
    const [job] = jobsOf(ours);
    expect(job!.spec.template.spec.containers[0]).toMatchObject({ envFrom: [{ secretRef: { name: 'lectern' } }] });
    expect(readConfig({ LECTERN_SECRET: 'x'.repeat(32), DATABASE_URL: 'postgresql://database/lectern' }).secrets.databaseDirectUrl).toBe('postgresql://database/lectern');
  });

  // Seen to fail without the patches of release/kustomization.yaml.
  test('names of the site’s own reach the Ingress', () => {
    const own = renderOver(folder, { components: ['release'], ...withSetting('LECTERN_NOTEBOOK_DOMAIN=own.example.net') });
    const { rules, tls } = own.find(({ kind }) => kind === 'Ingress')!.spec as unknown as { rules: { host: string }[]; tls: { hosts: string[] }[] };
    const site = new URL(ours.find(({ kind, data }) => kind === 'ConfigMap' && data)!.data!.LECTERN_SITE_URL!).hostname;
    expect([rules.map(({ host }) => host), tls[0]!.hosts]).toEqual([[site, '*.own.example.net'], [site, '*.own.example.net']]);
  });

  // Seen to fail with `:` as the delimiter: a registry's port is no version.
  test('images in a registry of its own, be it one with a port, name the migration Job and are what servers run', () => {
    const own = renderOver(folder, { components: ['examples/own-site/images', 'release'] });
    const [job, ...more] = jobsOf(own);
    expect(more).toEqual([]);
    expect([job!.metadata.name, job!.spec.template.spec.containers[0]!.image]).toEqual(['migrate-0.1.0-edu.2', 'registry.example.edu:5000/lectern/site:0.1.0-edu.2']);
    expect(own.find(({ kind, data }) => kind === 'ConfigMap' && data)!.data!.LECTERN_KUBERNETES_IMAGE).toBe('registry.example.edu:5000/lectern/notebook:0.1.0-edu.1');
  });

  test('what follows is the same however often it is asked for', () => {
    expect(renderOver(folder, { components: ['release'] })).toEqual(ours);
  });
});
