import { expect, test } from 'vitest';
import { makeClientAddress, networkOf } from './client.ts';

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

test('a network is an address of IPv4 or the first half of one of IPv6, however it is written', () => {
  expect(['10.0.0.1', '::ffff:10.0.0.1'].map(networkOf)).toEqual(['10.0.0.1', '10.0.0.1']);
  expect(['2001:db8::1', '2001:db8:0:0:5:6:7:8', '2001:0db8::ffff:1', '2001:db8:0:0::'].map(networkOf)).toEqual(Array(4).fill('2001:db8:0:0::/64'));
  expect(networkOf('2001:db8:0:1::1')).toBe('2001:db8:0:1::/64');
  expect([networkOf('::1'), networkOf('fe80::1%eth0'), networkOf('')]).toEqual(['0:0:0:0::/64', 'fe80:0:0:0::/64', '']);
});
