import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeCell, type Cell, type Notebook } from '../../../lib/core/lessons/notebook.ts';
import { merge } from './merge.ts';

const code = (id: string, source: string): Cell => ({ ...makeCell('code', id), source });
const notebook = (cells: Cell[]): Notebook => ({ cells, metadata: {}, rest: {} });
const base = notebook(['a', 'b', 'c', 'd'].map((id) => code(id, `${id} = 0`)));

/** What somebody did in a tab: each step at a place, counted round the cells there are. */
type Step = { do: 'write' | 'delete' | 'add' | 'move'; at: number; text: string };
const steps = fc.array(fc.record({ do: fc.constantFrom('write', 'delete', 'add', 'move'), at: fc.nat(20), text: fc.constantFrom('x', 'y', 'z') }) as fc.Arbitrary<Step>, { maxLength: 5 });

function done(all: Step[], tab: string): Notebook {
  const cells = [...base.cells];
  let added = 0;
  for (const step of all) {
    const at = step.at % Math.max(1, cells.length);
    if (step.do === 'add') cells.splice(at, 0, code(`${tab}${(added += 1)}`, step.text));
    else if (cells.length > 0) {
      const [cell] = cells.splice(at, 1);
      if (step.do === 'write') cells.splice(at, 0, { ...cell!, source: step.text });
      if (step.do === 'move') cells.splice(step.text.charCodeAt(0) % (cells.length + 1), 0, cell!);
    }
  }
  return notebook(cells);
}

const both = (property: (mine: Notebook, theirs: Notebook) => void) => fc.assert(fc.property(steps, steps, (a, b) => property(done(a, 'mine'), done(b, 'theirs'))), { numRuns: 2_000 });
const sources = ({ cells }: Notebook) => new Map(cells.map(({ id, source }) => [id, source]));

test('where one of the two did nothing, what the other made is what comes out', () => {
  both((mine, theirs) => {
    expect(merge(base, mine, base)).toEqual(mine);
    expect(merge(base, base, theirs)).toEqual(theirs);
  });
});

// Seen to fail with what one wrote in a cell that the other deleted taken for nothing.
test('nothing that either wrote or added is lost: it is in the merged notebook, once, or somebody is asked', () => {
  both((mine, theirs) => {
    const merged = merge(base, mine, theirs);
    if (merged === 'conflict') return;
    const [was, here, there, out] = [base, mine, theirs, merged].map(sources) as [Map<string, string>, Map<string, string>, Map<string, string>, Map<string, string>];
    expect(out.size).toBe(merged.cells.length);
    for (const own of [here, there]) for (const [id, source] of own) if (was.get(id) !== source) expect(out.get(id)).toBe(source);
    for (const id of out.keys()) expect(here.has(id) || there.has(id)).toBe(true);
    // What one deleted and the other left as it was is gone.
    for (const id of was.keys()) if (!here.has(id) || !there.has(id)) expect(out.has(id)).toBe(false);
  });
});

test('both tabs ask, or neither, and they come to the same texts', () => {
  both((mine, theirs) => {
    const [one, other] = [merge(base, mine, theirs), merge(base, theirs, mine)];
    expect(one === 'conflict').toBe(other === 'conflict');
    if (one !== 'conflict' && other !== 'conflict') expect(new Map([...sources(one)].sort())).toEqual(new Map([...sources(other)].sort()));
  });
});
