import { expect, test } from 'vitest';
import { readConfig, SettingError } from './config.ts';

const least = { LECTERN_SECRET: 'x'.repeat(32), DATABASE_URL: 'postgresql://127.0.0.1/lectern' };

test('the notebook domain and the site are the same site by default', () => {
  const { config } = readConfig({ ...least, PORT: '4000' });
  expect(config.site.href).toBe('http://lectern.localhost:4000/');
  expect(config.notebookDomain).toBe('nb.lectern.localhost');
});

test('every bad setting is named, and its value is not repeated', () => {
  const read = () => readConfig({ ...least, PORT: 'eighty', LECTERN_SECRET: 'short-secret' });
  expect(read).toThrow(SettingError);
  expect(read).toThrow(/PORT.*LECTERN_SECRET/s);
  expect(read).not.toThrow(/short-secret/);
});

test('plain http on an address other people can reach stops the start', () => {
  expect(() => readConfig({ ...least, LECTERN_SITE_URL: 'http://learn.example.org' })).toThrow(/LECTERN_SITE_URL.*https/s);
});

test('a notebook domain of another site stops the start', () => {
  expect(() => readConfig({ ...least, LECTERN_SITE_URL: 'https://learn.example.org', LECTERN_NOTEBOOK_DOMAIN: 'nb.example.net' })).toThrow(/same site/);
});

test('without a sandbox people share the machine on loopback, or where the operator says so', () => {
  const shares = (settings: Record<string, string>) => !readConfig({ ...least, ...settings }).config.onePersonUnsandboxed;
  expect(shares({})).toBe(true);
  expect(shares({ LECTERN_SITE_URL: 'https://learn.example.org' })).toBe(false);
  expect(shares({ LECTERN_SITE_URL: 'https://learn.example.org', LECTERN_ALLOW_UNSANDBOXED: '1' })).toBe(true);
});

test('servers as pods need an image; what an operator says of pods arrives as Kubernetes has it', () => {
  const read = (settings: Record<string, string>) => readConfig({ ...least, LECTERN_SPAWNER: 'kubernetes', ...settings }).config;
  expect(() => read({})).toThrow(/LECTERN_KUBERNETES_IMAGE/);
  const { kubernetes } = read({
    LECTERN_KUBERNETES_IMAGE: 'lectern/notebook',
    LECTERN_KUBERNETES_NAMESPACES: 'learners, learners-2',
    LECTERN_KUBERNETES_NODE_SELECTOR: 'pool=learners,example.org/zone=a',
    LECTERN_KUBERNETES_TOLERATIONS: '[{"key":"learners","operator":"Exists"}]',
    LECTERN_KUBERNETES_GPUS: 'nvidia.com/gpu=2',
    KUBERNETES_SERVICE_HOST: 'fd00::1',
  });
  expect(kubernetes).toMatchObject({
    namespaces: ['learners', 'learners-2'],
    apiServer: 'https://[fd00::1]:443',
    pods: { default: { nodeSelector: { pool: 'learners', 'example.org/zone': 'a' }, tolerations: [{ key: 'learners', operator: 'Exists' }], gpus: { resource: 'nvidia.com/gpu', count: 2 } } },
  });
  const wrong = { LECTERN_KUBERNETES_NAMESPACES: 'Learners', LECTERN_KUBERNETES_NODE_SELECTOR: 'pool', LECTERN_KUBERNETES_TOLERATIONS: '{', LECTERN_KUBERNETES_GPUS: 'one' };
  for (const [name, value] of Object.entries(wrong)) expect(() => read({ LECTERN_KUBERNETES_IMAGE: 'x', [name]: value }), name).toThrow(name);
});

test('keys of one root differ by purpose, and a changed root keeps the old one second', () => {
  const { secrets } = readConfig({ ...least, LECTERN_SECRET_PREVIOUS: 'y'.repeat(32) });
  const [now, before] = secrets.keys;
  expect(now!.grant).not.toEqual(now!.server);
  expect(before!.kid).not.toBe(now!.kid);
});

test('the gateway finds the web program on this machine, or where it is said to be', () => {
  expect(readConfig({ ...least, PORT: '4000' }).config.web.origin).toBe('http://127.0.0.1:4001');
  expect(readConfig({ ...least, LECTERN_WEB_URL: 'http://web:3000' }).config.web.origin).toBe('http://web:3000');
});
