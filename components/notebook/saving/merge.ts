import { canonical, type Json } from '../../../lib/core/lessons/json.ts';
import type { Cell, Notebook } from '../../../lib/core/lessons/notebook.ts';

const same = (a: unknown, b: unknown) => JSON.stringify(canonical((a ?? null) as Json)) === JSON.stringify(canonical((b ?? null) as Json));
const idsOf = ({ cells }: Notebook) => cells.map(({ id }) => id);

/**
 * What two tabs made of one revision, cell by cell. Texts decide: where both wrote in one cell, or one wrote in what the
 * other deleted, or both moved cells about, somebody has to choose. Of outputs that differ this tab's stay.
 */
export function merge(base: Notebook, mine: Notebook, theirs: Notebook): Notebook | 'conflict' {
  const [was, here, there] = [base, mine, theirs].map(({ cells }) => new Map(cells.map((cell) => [cell.id, cell])));
  const cells = new Map<string, Cell>();
  for (const id of new Set([...here!.keys(), ...there!.keys()])) {
    const [before, a, b] = [was!.get(id), here!.get(id), there!.get(id)];
    if (a && b) {
      const merged = mergeCell(before, a, b);
      if (merged === 'conflict') return 'conflict';
      cells.set(id, merged);
    } else if (!before) cells.set(id, (a ?? b)!);
    else if ((a ?? b)!.source !== before.source) return 'conflict';
  }
  const order = mergeOrder(idsOf(base), idsOf(mine), idsOf(theirs));
  if (order === 'conflict') return 'conflict';
  return { metadata: pick(base.metadata, mine.metadata, theirs.metadata), rest: theirs.rest, cells: order.flatMap((id) => cells.get(id) ?? []) };
}

/** Theirs where only they changed it, else mine. */
const pick = <T>(base: T | undefined, mine: T, theirs: T): T => (base !== undefined && same(base, mine) ? theirs : mine);

function mergeCell(base: Cell | undefined, mine: Cell, theirs: Cell): Cell | 'conflict' {
  if (mine.type !== theirs.type) return 'conflict';
  if (mine.source !== theirs.source && mine.source !== base?.source && theirs.source !== base?.source) return 'conflict';
  const source = pick(base?.source, mine.source, theirs.source);
  const rest = pick(base?.rest, mine.rest, theirs.rest);
  if (mine.type === 'code' && theirs.type === 'code') {
    const was = base?.type === 'code' ? base : undefined;
    const ran = pick(was && ranOf(was), ranOf(mine), ranOf(theirs));
    return { ...mine, ...ran, source, rest };
  }
  return { ...pick(base, mine, theirs), source, rest };
}

const ranOf = ({ outputs, executionCount }: Cell & { type: 'code' }) => ({ outputs, executionCount });

function mergeOrder(base: string[], mine: string[], theirs: string[]): string[] | 'conflict' {
  const common = (ids: string[], others: string[]) => ids.filter((id) => base.includes(id) && others.includes(id));
  const [a, b] = [common(mine, theirs), common(theirs, mine)];
  const before = base.filter((id) => a.includes(id));
  if (same(a, b) || same(a, before)) return weave(theirs, mine);
  return same(b, before) ? weave(mine, theirs) : 'conflict';
}

/** What only the other has comes after what it comes after there. */
function weave(spine: string[], other: string[]): string[] {
  const woven = [...spine];
  other.forEach((id, i) => {
    if (woven.includes(id)) return;
    const before = other.slice(0, i).findLast((each) => woven.includes(each));
    woven.splice(before === undefined ? 0 : woven.indexOf(before) + 1, 0, id);
  });
  return woven;
}
