import { createHash } from 'node:crypto';
import { merge } from '../../components/notebook/saving/merge.ts';
import { parseNotebook, serialiseNotebook, type Cell, type Notebook } from '../../lib/core/lessons/notebook.ts';
import type { Sha256 } from '../../lib/core/ids.ts';
import { makeBrowser, pause } from './browser.ts';
import type { Answered, Door } from './door.ts';
import type { Learner } from './people.ts';
import { cellOf, markerIn, type Acknowledged, type Way } from './saves-ledger.ts';

/** What happened to all learners together. `behind`: an editor that was opened did not show what the other one had saved. */
export type Tally = { retried: Record<Way, number>; refused: Map<string, number>; merged: number; chosen: number; behind: string[] };

export const emptyTally = (): Tally => ({ retried: { page: 0, lab: 0 }, refused: new Map(), merged: 0, chosen: 0, behind: [] });

type Options = {
  saves: number;
  random: () => number;
  /** The longest a learner thinks between two saves. */
  thinkMs: number;
  note(save: Acknowledged): void;
  tally: Tally;
  /** Nobody can wait any longer. */
  isOver(): boolean;
};

/** An editor is kept for so many saves at the most. */
const TURN = 10;
/** After a save that was not taken; a page waits longer with each failure, which would only make a drill longer. */
const RETRY_MS = 700;

class Overdue extends Error {}

/**
 * Writes in one lesson's notebook, some saves on its page and some in JupyterLab by turns, and does with each what the page and
 * JupyterLab do when it is not taken: the same bytes again, until somebody says that they are kept.
 */
export async function saveByTurns(door: Door, learner: Learner, { saves, random, thinkMs, note, tally, isOver }: Options): Promise<void> {
  const browser = makeBrowser(door, learner);
  const { path } = learner;
  const last: Partial<Record<Way, string>> = {};
  let count = 0;

  const think = () => pause(random() * thinkMs);
  const file = () => `/api/workspaces/${browser.workspace!.id}/files/${path}`;
  const contents = `/api/contents/${path}`;
  async function wait(way: Way, answered: Answered | undefined) {
    if (isOver()) throw new Overdue(`${learner.name} (${way}): ${answered?.status ?? 'no answer'} ${answered?.text.slice(0, 200) ?? ''}`);
    tally.retried[way] += 1;
    const why = `${way} ${answered?.status ?? 'cut off'}`;
    tally.refused.set(why, (tally.refused.get(why) ?? 0) + 1);
    await pause(RETRY_MS * (0.5 + random()));
  }
  /** Until the site answers it with 200. */
  async function surely(way: Way, ask: () => Promise<Answered | undefined>, otherwise?: (answered: Answered | undefined) => Promise<unknown>): Promise<Answered> {
    for (;;) {
      const answered = await ask();
      if (answered?.status === 200 || answered?.status === 201) return answered;
      await wait(way, answered);
      await otherwise?.(answered);
    }
  }
  const check = (opened: Way, from: Way, notebook: Notebook) => {
    if (markerIn(notebook, from) !== last[from]) tally.behind.push(`${learner.name}: ${opened} opened with ${markerIn(notebook, from)}, and ${last[from]} was saved`);
  };
  const acknowledge = (way: Way, marker: string, exact?: { revision: number; sha256: Sha256 }) => {
    last[way] = marker;
    note({ workspace: browser.workspace!.id, path, way, marker, ...exact });
  };

  async function read(): Promise<{ revision: number; notebook: Notebook }> {
    const answered = await surely('page', () => browser.site(file()));
    return { revision: Number(/\d+/.exec(String(answered.headers.etag))![0]), notebook: parsed(answered.text) };
  }

  async function onPage(until: number) {
    let base = await read();
    check('page', 'lab', base.notebook);
    for (; count < until; count += 1) {
      await think();
      const marker = `${learner.name}, save ${count} (page)`;
      let mine = withMarker(base.notebook, 'page', marker);
      for (;;) {
        const text = serialiseNotebook(mine);
        const answered = await browser.site(file(), { method: 'PUT', body: text, headers: { 'content-type': 'application/x-ipynb+json', 'if-match': `"${base.revision}"` } });
        if (answered?.status === 200) {
          const { revision } = JSON.parse(answered.text) as { revision: number };
          acknowledge('page', marker, { revision, sha256: createHash('sha256').update(text).digest('hex') as Sha256 });
          base = { revision, notebook: mine };
          break;
        }
        if (answered?.status !== 409 || codeOf(answered) !== 'stale') {
          await wait('page', answered);
          continue;
        }
        const theirs = await read();
        const merged = merge(base.notebook, mine, theirs.notebook);
        tally[merged === 'conflict' ? 'chosen' : 'merged'] += 1;
        if (merged !== 'conflict') mine = merged;
        base = theirs;
      }
    }
  }

  async function inLab(until: number) {
    const enter = () => browser.enter(isOver);
    await enter();
    const handOver = () => surely('lab', () => browser.post(`/api/workspaces/${browser.workspace!.id}/editor`, { path, editor: 'lab' }), enter);
    await handOver();
    const shown = await surely('lab', () => browser.lab(`${contents}?type=notebook&content=1`), enter);
    let notebook = parsed(JSON.stringify((JSON.parse(shown.text) as { content: unknown }).content));
    check('lab', 'page', notebook);
    for (; count < until; count += 1) {
      await think();
      const marker = `${learner.name}, save ${count} (lab)`;
      notebook = withMarker(notebook, 'lab', marker);
      const body = JSON.stringify({ type: 'notebook', format: 'json', content: JSON.parse(serialiseNotebook(notebook)) });
      await surely('lab', () => browser.lab(contents, { method: 'PUT', headers: { 'content-type': 'application/json' }, body }), enter);
      acknowledge('lab', marker);
    }
    await surely('lab', () => browser.post(`/api/workspaces/${browser.workspace!.id}/editor`, { path, editor: 'page' }));
  }

  try {
    await browser.visit();
    for (let onItsPage = random() < 0.5; count < saves; onItsPage = !onItsPage) {
      const until = Math.min(saves, count + 1 + Math.floor(random() * TURN));
      await (onItsPage ? onPage : inLab)(until);
    }
  } finally {
    browser.close();
  }
}

function parsed(text: string): Notebook {
  const read = parseNotebook(text);
  if (!read.ok) throw new Error(read.refusal.say);
  return read.value;
}

function withMarker(notebook: Notebook, way: Way, marker: string): Notebook {
  const id = cellOf(way);
  const written: Cell = { type: 'code', id, source: marker, outputs: [], executionCount: null, rest: { metadata: {} } };
  const others = notebook.cells.some((cell) => cell.id === id) ? notebook.cells : [...notebook.cells, written];
  return { ...notebook, cells: others.map((cell) => (cell.id === id ? written : cell)) };
}

function codeOf({ text }: Answered): string | undefined {
  try {
    return (JSON.parse(text) as { code?: string }).code;
  } catch {
    return undefined;
  }
}
