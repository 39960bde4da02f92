import type { Root } from 'hast';
import type { Slot } from '../../../../components/notebook/cell.client.tsx';
import type { RenderedCell } from '../../../../components/notebook/page-cells.ts';
import { Prose } from '../../../../components/notebook/prose.tsx';
import { SavedOutputs } from '../../../../components/notebook/saved-outputs.tsx';
import { Tokens } from '../../../../components/notebook/tokens.tsx';
import { outputsFingerprint, type Cell, type Notebook } from '../../../../lib/core/lessons/notebook.ts';
import { renderMarkdown } from '../../../../lib/core/lessons/render.ts';
import type { Place } from '../../../../lib/core/lessons/sanitise.ts';

const kept = new Map<string, Root>();
const mostKept = 500;

/** Many people read the same prose: its tree is made once. Trees are never changed. */
function prose(source: string, place: Place): Root {
  const hasAttachments = Object.keys(place.attachments ?? {}).length > 0;
  const key = `${place.lesson}\n${place.path}\n${source}`;
  const known = hasAttachments ? undefined : kept.get(key);
  if (known) return known;
  const tree = renderMarkdown(source, place);
  if (!hasAttachments && source.length < 20_000) {
    if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? '');
    kept.set(key, tree);
  }
  return tree;
}

/** The notebook as the browser gets it first: what stands in its cells, and how the site shows them. */
export function renderCells(notebook: Notebook, place: Place, foreign: Set<string>): { cells: RenderedCell[]; slots: { [cell: string]: Slot } } {
  const cells = notebook.cells.map((cell): RenderedCell => ({
    id: cell.id,
    type: cell.type,
    source: cell.source,
    outputs: cell.type === 'code' ? outputsFingerprint(cell.outputs) : '',
    executionCount: cell.type === 'code' ? cell.executionCount : null,
  }));
  const slots = Object.fromEntries(notebook.cells.map((cell, i) => [cell.id, slotOf(cell, place, foreign.has(cells[i]?.outputs ?? ''))]));
  return { cells, slots };
}

function slotOf(cell: Cell, place: Place, foreign: boolean): Slot {
  if (cell.type === 'code') {
    return { code: <Tokens source={cell.source} />, ...(cell.outputs.length > 0 && { outputs: <SavedOutputs outputs={cell.outputs} place={place} foreign={foreign} /> }) };
  }
  return cell.type === 'markdown' && cell.source.trim() !== '' ? { prose: <Prose tree={prose(cell.source, { ...place, attachments: cell.attachments })} /> } : {};
}
