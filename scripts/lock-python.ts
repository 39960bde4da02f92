import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, pinsOf, type Listed } from './python-lock.ts';

// `npm run lock:python`: after a change of the notebook environment's requirements.txt, the hashes of what may be installed for it. The
// index is the one pip uses; it must speak JSON (PEP 691).

const folder = join(import.meta.dirname, '../k8s/images/notebook');
const pipsOwn = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)';
const index = (process.env.PIP_INDEX_URL ?? execFileSync(process.env.LECTERN_PYTHON ?? 'python3', ['-c', pipsOwn], { encoding: 'utf8' })).trim().replace(/\/$/, '');

async function filesOf(name: string): Promise<Listed[]> {
  const answer = await fetch(`${index}/${name}/`, { headers: { accept: 'application/vnd.pypi.simple.v1+json' }, signal: AbortSignal.timeout(60_000) });
  if (!answer.ok) throw new Error(`${name}: the index answered ${answer.status}`);
  return ((await answer.json()) as { files: Listed[] }).files;
}

const lines: string[] = [];
for (const pin of pinsOf(readFileSync(join(folder, 'requirements.txt'), 'utf8'))) lines.push(locked(pin, await filesOf(pin.name)));
writeFileSync(join(folder, 'requirements.lock'), `# Made of requirements.txt by \`npm run lock:python\`: what pip may install, by hash.\n${lines.join('\n')}\n`);
process.stdout.write(`${lines.length} packages are locked\n`);
