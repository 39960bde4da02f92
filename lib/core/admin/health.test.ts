import { expect, test } from 'vitest';
import { decideReadiness } from './health.ts';

test('a site with its database, its migrations and its bus is ready', () => {
  expect(decideReadiness({ pending: [], bus: 'listening' })).toEqual({ ready: true });
});

test('what is missing is named', () => {
  expect(decideReadiness({ pending: 'unreachable', bus: 'lost' })).toEqual({ ready: false, because: ['database', 'bus'] });
  expect(decideReadiness({ pending: ['20261123000000_init'], bus: 'listening' })).toEqual({ ready: false, because: ['migrations'] });
});
