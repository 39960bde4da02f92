import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkNotebook } from '../courses/import/notebook.ts';
import { canonicalNotebook } from '../workspaces/canonical.ts';
import { isCellId, parseNotebook, serialiseNotebook } from './notebook.ts';

const json = fc.json().map((text) => JSON.parse(text) as unknown);
const or = <T>(good: fc.Arbitrary<T>) => fc.oneof({ weight: 4, arbitrary: good as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: json });
const text = or(fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 4 })));
const output = or(fc.record({ output_type: or(fc.constantFrom('stream', 'display_data', 'execute_result', 'error')), name: json, text, data: or(fc.dictionary(fc.constantFrom('text/plain', 'application/json', '__proto__'), text)), metadata: json, traceback: json }, { requiredKeys: [] }));
const cell = or(fc.record({ cell_type: or(fc.constantFrom('code', 'markdown', 'raw')), id: or(fc.constantFrom('a', 'b', '', 'x'.repeat(70))), source: text, metadata: json, outputs: or(fc.array(output, { maxLength: 3 })), execution_count: json, attachments: json }, { requiredKeys: [] }));
const file = fc.record({ nbformat: or(fc.constant(4)), nbformat_minor: json, metadata: json, cells: or(fc.array(cell, { maxLength: 6 })) }, { requiredKeys: [] }).map((raw) => JSON.stringify(raw));

// Seen to fail with the ids of a file taken as they are.
test('whatever JSON is called a notebook is refused in a sentence or read: its cells have ids of their own, and what is written of it is read as the same', () => {
  let readable = 0;
  fc.assert(
    fc.property(file, (raw) => {
      const read = parseNotebook(raw);
      if (!read.ok) return void expect(read.refusal.say).toMatch(/\.$/);
      readable += 1;
      const ids = read.value.cells.map(({ id }) => id);
      expect(ids.every(isCellId)).toBe(true);
      expect(new Set(ids).size).toBe(ids.length);
      const written = serialiseNotebook(read.value);
      const again = parseNotebook(written);
      expect(again.ok && serialiseNotebook(again.value)).toBe(written);
      const bytes = (given: string) => new TextEncoder().encode(given);
      expect(canonicalNotebook(bytes(written))).toBe(canonicalNotebook(bytes(raw)));
    }),
    { numRuns: 1_500 },
  );
  expect(readable).toBeGreaterThan(300);
});

test('whatever text is called a notebook, the import says what is wrong, or it is good', () => {
  const cut = fc.tuple(file, fc.nat(200), fc.string({ maxLength: 3 })).map(([raw, at, put]) => raw.slice(0, at) + put + raw.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.string(), file, cut), (raw) => {
      const checked = checkNotebook('x.ipynb', raw);
      for (const problem of checked.problems) {
        expect(problem.say.length).toBeGreaterThan(10);
        if (problem.line !== undefined) expect(problem.line).toBeLessThanOrEqual(raw.split('\n').length);
      }
      expect(checked.state === 'good').toBe(!checked.problems.some(({ severity }) => severity === 'error'));
    }),
    { numRuns: 1_500 },
  );
});
