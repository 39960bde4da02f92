import type { Slot } from '../../../../components/notebook/view/cell.client.tsx';
import type { RenderedCell } from '../../../../components/notebook/runs/page-cells.ts';
import { Prose } from '../../../../components/notebook/outputs/prose.tsx';
import { SavedOutputs, type SavedView } from '../../../../components/notebook/outputs/saved-outputs.tsx';
import { Tokens } from '../../../../components/notebook/outputs/tokens.tsx';
import type { Cell, Output } from '../../../../lib/core/lessons/notebook.ts';
import { isRich, sourceOf, viewOf } from '../../../../lib/core/lessons/output.ts';
import type { PagePreparing } from '../../../../lib/core/lessons/preparing.ts';
import type { Place } from '../../../../lib/core/lessons/sanitise.ts';
import type { Sight } from '../../../../lib/core/lessons/sight.ts';

/** The notebook as the browser gets it first: what stands in its cells, and how the site shows them. */
export async function renderCells({ notebook, prints, left }: Sight, place: Place, foreign: Set<string>, preparing: PagePreparing): Promise<{ cells: RenderedCell[]; slots: { [cell: string]: Slot } }> {
  const cells = notebook.cells.map((cell): RenderedCell => ({
    id: cell.id,
    type: cell.type,
    source: cell.source,
    outputs: prints.get(cell.id) ?? '',
    executionCount: cell.type === 'code' ? cell.executionCount : null,
  }));
  const slots: { [cell: string]: Slot } = {};
  // One after the other, so that nothing of the rest is begun once a page has taken its time.
  for (const cell of notebook.cells) slots[cell.id] = await slotOf(cell, place, foreign.has(prints.get(cell.id) ?? ''), left.get(cell.id) ?? 0, preparing);
  return { cells, slots };
}

async function slotOf(cell: Cell, place: Place, foreign: boolean, left: number, preparing: PagePreparing): Promise<Slot> {
  if (cell.type === 'code') {
    const code = <Tokens tokens={await preparing.code(cell.source)} />;
    if (cell.outputs.length + left === 0) return { code };
    return { code, outputs: <SavedOutputs views={await viewsOf(cell.outputs, place, preparing)} left={left} foreign={foreign} /> };
  }
  if (cell.type === 'raw' || cell.source.trim() === '') return {};
  const { tree } = await preparing.prose({ kind: 'markdown', source: cell.source, place: { ...place, attachments: cell.attachments } });
  return { prose: <Prose tree={tree} /> };
}

async function viewsOf(outputs: Output[], place: Place, preparing: PagePreparing): Promise<SavedView[]> {
  const views: SavedView[] = [];
  for (const output of outputs) {
    const view = viewOf(output);
    views.push(isRich(view) ? { view, tree: (await preparing.prose({ kind: view.kind, source: sourceOf(view), place })).tree } : { view });
  }
  return views;
}
