import { expect, test } from 'vitest';
import { makeClientAddress } from './client.ts';

// Seen to fail with the header believed whoever sends it, and with its first address taken.
test('an address of the client’s own making is believed from a proxy that was named, and only as far as that proxy adds to it', () => {
  const through = makeClientAddress(['10.0.0.0/8', '::1']);
  expect(through('192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
  expect(through('10.0.0.7', '203.0.113.9')).toBe('203.0.113.9');
  expect(through('::ffff:10.0.0.7', 'forged, 198.51.100.1, 203.0.113.9, 10.0.0.8')).toBe('203.0.113.9');
  expect(through('::1', '2001:db8::5')).toBe('2001:db8::5');
  expect(through('10.0.0.7', undefined)).toBe('10.0.0.7');
  expect(through('10.0.0.7', 'not an address')).toBe('10.0.0.7');
  expect(makeClientAddress([])('127.0.0.1', '203.0.113.9')).toBe('127.0.0.1');
});
