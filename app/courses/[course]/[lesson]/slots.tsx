import type { Root } from 'hast';
import type { Slot } from '../../../../components/notebook/cell.client.tsx';
import type { RenderedCell } from '../../../../components/notebook/page-cells.ts';
import { Prose } from '../../../../components/notebook/prose.tsx';
import { SavedOutputs } from '../../../../components/notebook/saved-outputs.tsx';
import { Tokens } from '../../../../components/notebook/tokens.tsx';
import { makePageClock, pageBudget } from '../../../../lib/core/lessons/budget.ts';
import { outputsFingerprint, type Cell, type Notebook } from '../../../../lib/core/lessons/notebook.ts';
import { highlightPython, type Token } from '../../../../lib/core/lessons/highlight.ts';
import { asTyped, renderMarkdown } from '../../../../lib/core/lessons/render.ts';
import type { Place } from '../../../../lib/core/lessons/sanitise.ts';
import { makeRemembered } from '../../../../lib/core/remembered.ts';

type Clock = ReturnType<typeof makePageClock>;

/** Many people read the same lesson: its trees and tokens are made once. Longer texts are rare, and would take the room of many. */
const trees = makeRemembered<Root>(500);
const tokens = makeRemembered<Token[]>(1000);
const longestKept = 20_000;

function prose(source: string, place: Place, clock: Clock): Root {
  const hasAttachments = Object.keys(place.attachments ?? {}).length > 0;
  const isKept = !hasAttachments && source.length <= longestKept;
  const key = isKept ? `${place.lesson}\n${place.path}\n${source}` : '';
  const known = isKept ? trees.get(key) : undefined;
  if (known) return known;
  if (clock.isOver()) return asTyped(source);
  const tree = renderMarkdown(source, place);
  return isKept ? trees.keep(key, tree) : tree;
}

function code(source: string, clock: Clock): Token[] {
  return tokens.get(source) ?? (clock.isOver() ? [{ text: source }] : source.length > longestKept ? highlightPython(source) : tokens.keep(source, highlightPython(source)));
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
  const clock = makePageClock();
  let outputs: number = pageBudget.outputs;
  const slots = Object.fromEntries(
    notebook.cells.map((cell, i) => {
      const shown = cell.type === 'code' ? Math.min(cell.outputs.length, outputs) : 0;
      outputs -= shown;
      return [cell.id, slotOf(cell, place, foreign.has(cells[i]?.outputs ?? ''), shown, clock)];
    }),
  );
  return { cells, slots };
}

function slotOf(cell: Cell, place: Place, foreign: boolean, shown: number, clock: Clock): Slot {
  if (cell.type === 'code') {
    const left = cell.outputs.length - shown;
    const outputs = <SavedOutputs outputs={left > 0 ? cell.outputs.slice(0, shown) : cell.outputs} left={left} place={place} foreign={foreign} clock={clock} />;
    return { code: <Tokens tokens={code(cell.source, clock)} />, ...(cell.outputs.length > 0 && { outputs }) };
  }
  return cell.type === 'markdown' && cell.source.trim() !== '' ? { prose: <Prose tree={prose(cell.source, { ...place, attachments: cell.attachments }, clock)} /> } : {};
}
