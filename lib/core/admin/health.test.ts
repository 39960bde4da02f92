import { expect, test } from 'vitest';
import { decideReadiness, untilMigrated } from './health.ts';

test('a site with its database, its migrations and its bus is ready', () => {
  expect(decideReadiness({ pending: [], bus: 'listening' })).toEqual({ ready: true });
});

test('what is missing is named', () => {
  expect(decideReadiness({ pending: 'unreachable', bus: 'lost' })).toEqual({ ready: false, because: ['database', 'bus'] });
  expect(decideReadiness({ pending: ['20261123000000_init'], bus: 'listening' })).toEqual({ ready: false, because: ['migrations'] });
});

test('a program waits for a database that is not there yet, and for its migrations', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve(['20261123000000_init']), Promise.resolve([])];
  let asked = 0;
  await untilMigrated({ pendingMigrations: () => answers[asked++]! }, new AbortController().signal, 1);
  expect(asked).toBe(3);
});
