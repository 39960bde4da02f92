import { makeCell, outputsFingerprint, type Cell, type Notebook } from '../../../lib/core/lessons/notebook.ts';
import { nothingShown, type Shown } from './execution.ts';

export type Question = { prompt: string; password: boolean; answer: (text: string) => void };

export type Run =
  | { state: 'none' }
  | { state: 'queued' }
  | { state: 'running'; since: number }
  | { state: 'asking'; since: number; question: Question }
  | { state: 'done'; ok: boolean; tookMs?: number }
  | { state: 'lost'; say: string };

/** A cell as the site rendered it; `outputs` is their fingerprint, since the browser needs them only when it saves. */
export type RenderedCell = { id: string; type: Cell['type']; source: string; outputs: string; executionCount: number | null };

/**
 * A cell in the page. `rendered` says which parts of the site's rendering still show it truly; `touched` which parts were
 * changed here and are in no revision yet.
 */
export type PageCell = { cell: Cell; shown: Shown; run: Run; rendered: { source: boolean; outputs: boolean }; touched: { source: boolean; outputs: boolean } };

const untouched = { source: false, outputs: false };

export const shownOf = (cell: Cell): Shown => (cell.type === 'code' ? { outputs: cell.outputs, displays: cell.outputs.map(() => undefined), clearNext: false } : nothingShown);

/** The page before the notebook itself has arrived: sources, and what the site rendered below them. */
export function fromRendered({ id, type, source, executionCount }: RenderedCell): PageCell {
  const made = makeCell(type === 'code' ? 'code' : 'markdown', id);
  const cell: Cell = made.type === 'code' ? { ...made, source, executionCount } : { ...made, type: type === 'raw' ? 'raw' : 'markdown', source };
  return { cell, shown: nothingShown, run: { state: 'none' }, rendered: { source: true, outputs: true }, touched: untouched };
}

export function added(cell: Cell): PageCell {
  return { cell, shown: shownOf(cell), run: { state: 'none' }, rendered: { source: false, outputs: false }, touched: { source: true, outputs: true } };
}

/**
 * How a revision comes into the page. `beside`: what was typed or run here in the meantime stays. `over`: it replaces the
 * page. `merged`: it holds what was typed here already, and what runs here goes on.
 */
export type Adoption = 'beside' | 'over' | 'merged';

/** The page after a revision of the notebook arrived. The site's rendering stays where it shows the same. */
export function adopt(page: PageCell[], rendered: RenderedCell[], notebook: Notebook, how: Adoption): PageCell[] {
  const before = new Map(page.map((each) => [each.cell.id, each]));
  const renderings = new Map(rendered.map((each) => [each.id, each]));
  const cells = notebook.cells.map((cell): PageCell => {
    const local = before.get(cell.id);
    const kept = how === 'over' || local?.cell.type !== cell.type ? undefined : local;
    const source = kept?.touched.source && how === 'beside' ? kept.cell.source : cell.source;
    const print = renderings.get(cell.id);
    const outputsKept = kept !== undefined && ((kept.touched.outputs && (how === 'beside' || showsSame(kept, cell))) || kept.run.state === 'running' || kept.run.state === 'asking' || kept.run.state === 'queued');
    const executionCount = outputsKept && kept.cell.type === 'code' ? kept.cell.executionCount : cell.type === 'code' ? cell.executionCount : null;
    return {
      cell: cell.type === 'code' ? { ...cell, source, executionCount } : { ...cell, source },
      shown: outputsKept ? kept.shown : shownOf(cell),
      run: outputsKept ? kept.run : { state: 'none' },
      rendered: {
        source: print?.type === cell.type && print.source === source && !kept?.touched.source,
        outputs: outputsKept ? kept.rendered.outputs : cell.type === 'code' && print?.outputs === outputsFingerprint(cell.outputs),
      },
      touched: kept?.touched ?? untouched,
    };
  });
  if (how !== 'beside') return cells;
  const arrived = new Set(cells.map((each) => each.cell.id));
  page.forEach((each, i) => {
    if (arrived.has(each.cell.id) || !each.touched.source || each.rendered.source) return;
    const after = cells.findIndex(({ cell }) => cell.id === page[i - 1]?.cell.id);
    cells.splice(after + 1, 0, each);
  });
  return cells;
}

/** What it shows may be updated by the kernel yet, where the same read from a file may not. */
const showsSame = ({ shown }: PageCell, cell: Cell) => cell.type === 'code' && outputsFingerprint(shown.outputs) === outputsFingerprint(cell.outputs);

/** The notebook to save: the page's cells in the frame of the revision it stands on. */
export function toNotebook(page: PageCell[], frame: Pick<Notebook, 'metadata' | 'rest'>): Notebook {
  return { ...frame, cells: page.map(({ cell, shown }) => (cell.type === 'code' ? { ...cell, outputs: shown.outputs } : cell)) };
}
