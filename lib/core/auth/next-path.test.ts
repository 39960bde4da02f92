import { expect, test } from 'vitest';
import { nextPath } from './next-path.ts';

// Seen to fail with the check of the parsed origin removed, and again with the check of the path's normal form removed.
test.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  'https:evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '@evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/%2e%2e//evil.example',
  ' //evil.example',
  '///evil.example',
  `/${'a'.repeat(3000)}`,
  '',
])('T19 %j leads to this site', (wanted) => {
  expect(nextPath(wanted, '/home')).toBe('/home');
});

// Those above were seen to fail with the path handed back as it came, and without the looks at the parsed one.
test.each(['/courses', '/courses/python-basics/2?cell=4#top', '/@someone', '/%2F%2Fevil.example'])('T19 %j is a path of this site and stays', (wanted) => {
  expect(nextPath(wanted)).toBe(wanted);
});
