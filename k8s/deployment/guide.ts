import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const call = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** One block of commands of guides/operator.md: its heading, and whether that says that it needs a cloud account. */
export type Block = { heading: string; needsCloud: boolean; text: string };

/** Every block of commands in the operator's guide, in its order. */
export function blocksOfGuide(): Block[] {
  const found: Block[] = [];
  let heading = '';
  let block: string[] | undefined;
  for (const line of readFileSync(resolve(root, 'guides/operator.md'), 'utf8').split('\n')) {
    if (block && line === '```') {
      found.push({ heading: heading.replace('☁', '').trim(), needsCloud: heading.includes('☁'), text: block.join('\n') });
      block = undefined;
    } else if (block) block.push(line);
    else if (line === '```sh') block = [];
    else if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
  }
  return found;
}

/** The block below that heading which has this text. @throws when the guide has none such */
export function blockOf(heading: string, text: string): string {
  const found = blocksOfGuide().find((block) => block.heading === heading && block.text.includes(text));
  if (!found) throw new Error(`guides/operator.md has no commands with “${text}” below “${heading}”`);
  return found.text;
}

/**
 * Runs commands as an operator would who has pasted them into a shell in the root of the tree.
 * @param here what is another here than in the guide: a name to be filled in, the folder of an overlay. Each has to be there.
 * @returns what they wrote to their standard output
 * @throws with all they wrote, when one of them fails
 */
export async function follow(block: string, here: [inGuide: string, here: string][], patienceMs = 300_000): Promise<string> {
  let script = block;
  for (const [from, to] of here) {
    if (!script.includes(from)) throw new Error(`the guide’s commands have no “${from}”:\n${block}`);
    script = script.replaceAll(from, to);
  }
  const env = { ...process.env, KUBECONFIG: process.env.LECTERN_TEST_KUBECONFIG, PATH: `${resolve(process.execPath, '..')}:${process.env.PATH}` };
  const { stdout } = await call('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, env, timeout: patienceMs, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
