import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { between, table } from './markdown.ts';
import { Settings } from '../lib/config/schema.ts';

const root = join(import.meta.dirname, '..');
const marks = ['<!-- settings: written by `npm run docs` -->', '<!-- settings end -->'] as const;

type Described = { description?: string; default?: unknown };

/** Every setting as an operator meets it: what they may write, so flags are 0 and 1. */
function settings(): { name: string; says: string; preset?: string }[] {
  const { properties = {} } = z.toJSONSchema(Settings, { io: 'input' }) as { properties?: Record<string, Described> };
  return Object.entries(properties).map(([name, { description = '', default: preset }]) => ({ name, says: description, ...(preset !== undefined && { preset: String(preset) }) }));
}

export function envExample(): string {
  const head = '# Settings of Lectern, each with its default. Copy to .env and change what you need.\n# Written from lib/config/schema.ts by `npm run docs`.\n';
  return `${head}\n${settings().map(({ name, says, preset = '' }) => `# ${says}\n# ${name}=${/[\s<>]/.test(preset) ? `"${preset}"` : preset}\n`).join('\n')}`;
}

export function settingsTable(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const rows = settings().map(({ name, says, preset }) => [`\`${name}\``, preset === undefined ? '' : `\`${preset}\``, cell(says)]);
  return table([['setting', 'default', 'what it does'], ...rows]);
}

/** The README with its table of settings made anew; what stands around it stays. */
export const withTable = (readme: string): string => between(readme, marks, settingsTable());

if (import.meta.main) {
  writeFileSync(join(root, '.env.example'), envExample());
  const readme = join(root, 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8')));
}
