import type { Root } from 'hast';
import type { Slot } from '../../../../components/notebook/cell.client.tsx';
import type { RenderedCell } from '../../../../components/notebook/page-cells.ts';
import { Prose } from '../../../../components/notebook/prose.tsx';
import { SavedOutputs } from '../../../../components/notebook/saved-outputs.tsx';
import { Tokens } from '../../../../components/notebook/tokens.tsx';
import { outputsFingerprint, type Cell, type Notebook } from '../../../../lib/core/lessons/notebook.ts';
import { highlightPython, type Token } from '../../../../lib/core/lessons/highlight.ts';
import { renderMarkdown } from '../../../../lib/core/lessons/render.ts';
import type { Place } from '../../../../lib/core/lessons/sanitise.ts';
import { makeRemembered } from '../../../../lib/core/remembered.ts';

/** Many people read the same lesson: its trees and tokens are made once. Longer texts are rare, and would take the room of many. */
const trees = makeRemembered<Root>(500);
const tokens = makeRemembered<Token[]>(1000);
const longestKept = 20_000;

function prose(source: string, place: Place): Root {
  const hasAttachments = Object.keys(place.attachments ?? {}).length > 0;
  if (hasAttachments || source.length > longestKept) return renderMarkdown(source, place);
  const key = `${place.lesson}\n${place.path}\n${source}`;
  return trees.get(key) ?? trees.keep(key, renderMarkdown(source, place));
}

function code(source: string): Token[] {
  return tokens.get(source) ?? (source.length > longestKept ? highlightPython(source) : tokens.keep(source, highlightPython(source)));
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
    return { code: <Tokens tokens={code(cell.source)} />, ...(cell.outputs.length > 0 && { outputs: <SavedOutputs outputs={cell.outputs} place={place} foreign={foreign} /> }) };
  }
  return cell.type === 'markdown' && cell.source.trim() !== '' ? { prose: <Prose tree={prose(cell.source, { ...place, attachments: cell.attachments })} /> } : {};
}
