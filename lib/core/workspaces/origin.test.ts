import { expect, test } from 'vitest';
import type { WorkspaceKey } from '../ids.ts';
import { keyOfHost, notebookOrigin } from './origin.ts';

const key = 'abcdefghijklmnopqr27' as WorkspaceKey;
const laptop = { site: new URL('http://lectern.localhost:3000'), notebookDomain: 'nb.lectern.localhost' };

test('a workspace has an origin of its own below the notebook domain, with the scheme and port of the site', () => {
  expect(notebookOrigin(laptop, key)).toBe(`http://${key}.nb.lectern.localhost:3000`);
  expect(notebookOrigin({ site: new URL('https://learn.example.org'), notebookDomain: 'nb.example.org' }, key)).toBe(`https://${key}.nb.example.org`);
});

test('the origin leads back to its key, whatever the case and the port', () => {
  expect(keyOfHost(new URL(notebookOrigin(laptop, key)).host, laptop.notebookDomain)).toBe(key);
  expect(keyOfHost(`${key.toUpperCase()}.NB.lectern.localhost`, laptop.notebookDomain)).toBe(key);
});

test.each([
  'nb.lectern.localhost',
  'lectern.localhost:3000',
  `${key}.nb.lectern.localhost.evil`,
  `${key}.nb.lectern.localhost.`,
  `x.${key}.nb.lectern.localhost`,
  `${key}.evil`,
  `2${key.slice(1)}.nb.lectern.localhost`,
  `${key}x.nb.lectern.localhost`,
  `${key}.nb.lectern.localhost:80:80`,
  `${key}.nb.lectern.localhost@evil`,
  '__proto__.nb.lectern.localhost',
  '',
])('T16 a host that is no workspace names none: %s', (host) => {
  expect(keyOfHost(host, laptop.notebookDomain)).toBeUndefined();
});
