import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Settings } from '../lib/config/schema.ts';
import { envExample, settingsTable, withTable } from './docs.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, '..', name), 'utf8');

test('every setting is told, and none without a description', () => {
  for (const name of Object.keys(Settings.shape)) expect(settingsTable()).toMatch(new RegExp(`\\| \`${name}\` \\| .* \\| \\S+`));
});

test('.env.example is what `npm run docs` writes today', () => {
  expect(read('.env.example')).toBe(envExample());
});

test('the table of settings in the README is what `npm run docs` writes today', () => {
  const readme = read('README.md');
  expect(readme).toBe(withTable(readme));
});
