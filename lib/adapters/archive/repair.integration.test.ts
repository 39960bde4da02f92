import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { checkNotebook } from '../../core/courses/import/notebook.ts';

const odd = fc.oneof(fc.constant(undefined), fc.json().map((text) => JSON.parse(text) as unknown));
const often = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 3, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });
const bundle = fc.dictionary(fc.constantFrom('text/plain', 'text/html', 'image/png', 'application/json', 'application/x+json', 'constructor'), often(fc.string()), { maxKeys: 3 });
const output = fc.record({ output_type: often(fc.constantFrom('stream', 'display_data', 'execute_result', 'error', 'pyout')), name: often(fc.constant('stdout')), text: often(fc.string()), data: often(bundle), metadata: odd, execution_count: often(fc.integer({ min: -5, max: 5 })), ename: odd, evalue: odd, traceback: often(fc.array(fc.string())), transient: odd }, { requiredKeys: [] });
const cell = fc.record(
  {
    cell_type: often(fc.constantFrom('code', 'markdown', 'raw', 'heading')),
    id: often(fc.constantFrom('a', 'b', 'not an id')),
    metadata: often(fc.record({ tags: odd, collapsed: odd, scrolled: odd, name: odd, jupyter: odd, execution: odd, format: odd }, { requiredKeys: [] })),
    source: often(fc.oneof(fc.string(), fc.array(fc.string()))),
    outputs: often(fc.array(often(output), { maxLength: 3 })),
    execution_count: often(fc.integer({ min: -5, max: 5 })),
    attachments: often(fc.dictionary(fc.string(), often(bundle), { maxKeys: 2 })),
    level: odd,
  },
  { requiredKeys: [] },
);
const notebook = fc.record({ nbformat: fc.constant(4), nbformat_minor: odd, metadata: often(fc.record({ language_info: odd, authors: odd, title: odd, orig_nbformat: odd }, { requiredKeys: [] })), cells: fc.array(often(cell), { maxLength: 5 }), other: odd }, { requiredKeys: ['nbformat', 'cells'] });

const VALIDATE = `
import json, sys, nbformat
for line in sys.stdin:
    nbformat.validate(json.loads(line))
print("valid")
`;

// Seen to fail with what other hands wrote left as it is: a tag that is a number, a bundle that holds a number, a result counted below zero.
test('whatever stands in the cells of an imported notebook, the copy that is kept is valid by nbformat', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lectern-repair-'));
  try {
    const texts = fc.sample(notebook, { numRuns: 1_500, seed: 16 }).flatMap((given) => {
      const read = checkNotebook('x.ipynb', JSON.stringify(given));
      return read.state === 'good' ? [JSON.stringify(JSON.parse(read.text))] : [];
    });
    expect(texts.length).toBeGreaterThan(1_000);
    writeFileSync(join(folder, 'v.py'), VALIDATE);
    writeFileSync(join(folder, 'all'), texts.join('\n'));
    const { stdout } = await promisify(execFile)('sh', ['-c', 'exec "$0" v.py < all', join(inject('pythonDir'), 'bin/python')], { cwd: folder });
    expect(stdout.trim()).toBe('valid');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
