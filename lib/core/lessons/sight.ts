import { ok, refuse, type Outcome } from '../errors.ts';
import { pageBudget } from './budget.ts';
import type { Json } from './json.ts';
import { outputsFingerprint, parseNotebook, type Cell, type Notebook } from './notebook.ts';

/**
 * A notebook as its page shows it first, bounded whatever the notebook holds: without what no page shows, and without the outputs
 * that are too many or too large to begin with. `prints` are of all of a cell's outputs, `left` says how many are left out.
 */
export type Sight = { notebook: Notebook; prints: Map<string, string>; left: Map<string, number> };

/**
 * Characters a page begins with. Outputs: twenty pictures of 400 kB, in base64. Attachments: what a lecture's pictures have. Sources:
 * two thousand cells of a thousand characters.
 */
export const sightBudget = { outputs: 8_000_000, attachments: 8_000_000, sources: 2_000_000 } as const;

/** What a value costs beside its characters: to be sent and to be built. */
const VALUE = 32;

const tooMuchText = refuse({ code: 'too_large', say: 'This notebook has more text than a page can show. JupyterLab shows all of it.', limitBytes: sightBudget.sources });

export function sightOf(text: string): Outcome<Sight> {
  const read = parseNotebook(text);
  if (!read.ok) return read;
  const cells = read.value.cells;
  if (cells.reduce((sum, { source }) => sum + source.length, 0) > sightBudget.sources) return tooMuchText;
  const room = { count: pageBudget.outputs as number, outputs: sightBudget.outputs as number, attachments: sightBudget.attachments as number };
  const [prints, left]: [Sight['prints'], Sight['left']] = [new Map(), new Map()];
  const shown = cells.map((cell): Cell => {
    const bare = { id: cell.id, source: cell.source, rest: {} };
    if (cell.type !== 'code') {
      const isKept = fits(cell.attachments, room.attachments, (rest) => (room.attachments = rest));
      return { ...bare, type: cell.type, attachments: isKept ? cell.attachments : {} };
    }
    prints.set(cell.id, outputsFingerprint(cell.outputs));
    const end = cell.outputs.findIndex((output) => (room.count -= 1) < 0 || !fits(output as Json, room.outputs, (rest) => (room.outputs = rest)));
    if (end >= 0) left.set(cell.id, cell.outputs.length - end);
    return { ...bare, type: 'code', executionCount: cell.executionCount, outputs: end < 0 ? cell.outputs : cell.outputs.slice(0, end) };
  });
  return ok({ notebook: { cells: shown, metadata: {}, rest: {} }, prints, left });
}

function fits(value: Json, room: number, take: (rest: number) => void): boolean {
  const rest = roomAfter(value, room);
  if (rest < 0) return false;
  take(rest);
  return true;
}

/** Looks no further than the room is. A notebook's depth is bounded where it is read. */
function roomAfter(value: Json, room: number): number {
  room -= VALUE + (typeof value === 'string' ? value.length : 0);
  if (typeof value !== 'object' || value === null) return room;
  if (Array.isArray(value)) for (const one of value) if ((room = roomAfter(one, room)) < 0) return room;
  if (!Array.isArray(value)) for (const [key, one] of Object.entries(value)) if ((room = roomAfter(one, room - key.length)) < 0) return room;
  return room;
}
