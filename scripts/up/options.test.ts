import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('without options everything is off', () => {
  expect(parseOptions([])).toEqual({ dev: false, printAdminLink: false, help: false });
});

test('an unknown option is named', () => {
  expect(parseOptions(['--fast'])).toMatch(/--fast/);
});
