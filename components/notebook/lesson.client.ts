import { makeCell, type Notebook } from '../../lib/core/lessons/notebook.ts';
import type { LessonId } from '../../lib/core/ids.ts';
import type { ServerView } from '../../lib/core/servers/view.ts';
import type { Unkept } from '../../lib/core/workspaces/unkept.ts';
import { keepServer, setEditor } from './api.client.ts';
import { makeAutosave, type Conflict, type Saved } from './autosave.client.ts';
import { makeConnection } from './connection.client.ts';
import { loadEditor } from './editor-loader.client.ts';
import { onSiteEvent } from './events.client.ts';
import { added, adopt, fromRendered, toNotebook, type Adoption, type PageCell, type RenderedCell } from './page-cells.ts';
import { makeRuns } from './runs.client.ts';
import type { Draft, SaveState } from './save.ts';
import type { Session, WorkspaceAt } from './session.ts';
import { makeTopics } from './store.client.ts';
import { answerTabs, askTabs } from './tabs.client.ts';

/** What the bars of the page show. */
export type Status = {
  session: Session;
  save: SaveState;
  editor: 'page' | 'lab';
  /** Set while JupyterLab has the notebook, in this tab or elsewhere; not known before the page has begun. */
  lab?: 'here' | 'elsewhere';
  running: number;
  endsAt?: string;
  /** It ends for its age. */
  isOld?: boolean;
  /** Files on the server that cannot be kept. */
  unkept?: Unkept[];
  /** The cell deleted last, which can be had back. */
  removed?: PageCell['cell'];
  conflict?: Conflict;
  offer?: Draft;
};

export type LessonStart = { lesson: LessonId; user: string; path: string; cells: RenderedCell[]; editor: 'page' | 'lab' };

const labMark = (lesson: LessonId) => `lectern-lab ${lesson}`;
const labTopic = ({ id, path }: WorkspaceAt) => `lectern save JupyterLab ${id} ${path}`;
const labPatienceMs = 10_000;
/** A cell that was run at once has its output by then. In milliseconds. */
const logLaterMs = 1_000;

/** A lesson in the browser: its cells, their runs, its saves and its kernel. One per open page. */
export function makeLesson({ lesson, user, cells: rendered, editor: editorAtStart }: LessonStart) {
  let order = rendered.map(({ id }) => id);
  const cells = new Map(rendered.map((each) => [each.id, fromRendered(each)]));
  const topics = makeTopics<'order' | 'status' | `cell:${string}`>();
  let editor = editorAtStart;
  let server: Pick<Extract<ServerView, { state: 'ready' }>, 'endsAt' | 'isOld' | 'unkept'> = {};
  /** Tells this browser's other tabs of saves: the site announces none, for they would be most of what it has to say. */
  let saves: BroadcastChannel | undefined;
  let place: WorkspaceAt | undefined;
  let labIsHere: boolean | undefined;
  let saveLab: (() => Promise<boolean>) | undefined;
  let removed: { cell: PageCell; at: number } | undefined;
  let logTimer: ReturnType<typeof setTimeout> | undefined;
  let status: Status = { session: { state: 'closed' }, save: { state: 'saved' }, editor, running: 0 };

  const all = () => order.flatMap((id) => cells.get(id) ?? []);

  function refresh() {
    const lab = editor === 'page' || labIsHere === undefined ? undefined : labIsHere ? 'here' : 'elsewhere';
    const running = all().filter(({ run }) => run.state === 'running' || run.state === 'asking' || run.state === 'queued').length;
    const next: Status = { session: connection.session(), save: autosave.state(), editor, lab, running, endsAt: server.endsAt, isOld: server.isOld, unkept: server.unkept, removed: removed?.cell.cell, conflict: autosave.conflict(), offer: autosave.offer() };
    if ((Object.keys(next) as (keyof Status)[]).every((key) => next[key] === status[key])) return;
    status = next;
    topics.tell('status');
  }

  function set(id: string, next: (cell: PageCell) => PageCell) {
    const before = cells.get(id);
    if (!before) return;
    const after = next(before);
    if (after === before) return;
    cells.set(id, after);
    topics.tell(`cell:${id}`);
    const isChange = after.cell !== before.cell || after.shown !== before.shown;
    if (isChange && editor === 'page') autosave.touch();
    if (after.run.state === before.run.state) return;
    refresh();
    // Who has run something may go offline and must be able to write on.
    if (after.run.state === 'done') void loadEditor();
  }

  /** This tab shows JupyterLab, also after it was loaded anew. */
  function placeLab(here: boolean) {
    labIsHere = here;
    if (here) sessionStorage.setItem(labMark(lesson), 'here');
    else sessionStorage.removeItem(labMark(lesson));
  }

  function heed(view: ServerView) {
    server = view.state === 'ready' ? view : {};
    refresh();
  }

  function replace(page: PageCell[]) {
    cells.clear();
    for (const each of page) cells.set(each.cell.id, each);
    order = page.map(({ cell }) => cell.id);
    topics.tell('order');
    for (const id of order) topics.tell(`cell:${id}`);
    refresh();
  }

  const autosave = makeAutosave({
    user,
    lesson,
    notebook: (frame) => toNotebook(all(), frame),
    adopt: (notebook: Notebook, how: Adoption) => replace(adopt(all(), rendered, notebook, how)),
    changed: () => refresh(),
    saved: (save: Saved) => saves?.postMessage(save),
  });

  const runs = makeRuns({ get: (id) => cells.get(id), all, set }, () => connection.link());

  const connection = makeConnection(lesson, {
    changed(session) {
      if (session.state === 'ended' || session.state === 'refused' || session.state === 'signed-out') {
        runs.end(session.state === 'ended' ? session.say : undefined);
        runs.forgetQueue();
      }
      if (session.state === 'ended') server = {};
      refresh();
    },
    workspace(at, view) {
      place = at;
      heed(view);
      void autosave.load(at);
    },
    entered(renewed) {
      if (renewed) runs.end();
    },
    listening(at) {
      clearTimeout(logTimer);
      // Who waits for a cell of theirs waits for nothing of the log.
      logTimer = setTimeout(() => void runs.follow(at).then((busy) => busy && connection.want()), runs.waiting() > 0 ? logLaterMs : 0);
    },
    linked: () => runs.pump(),
    lost: () => runs.cut(),
    foreign() {
      const session = connection.session();
      if ('at' in session) void runs.follow(session.at);
    },
  });

  const listen = () =>
    onSiteEvent((event) => {
      const at = whereabouts();
      if (event.kind === 'listening' && at && editor === 'page' && autosave.revision() !== undefined) void autosave.load(at);
      if (event.kind === 'server' && event.workspace === at?.id) heed(event.server);
      if (event.kind !== 'notebook' || event.workspace !== at?.id || event.path !== at.path) return;
      const was = editor;
      editor = event.editor;
      if (editor === 'page') placeLab(false);
      if (event.revision !== autosave.revision()) void autosave.load(at, was === 'lab' || editor === 'lab');
      refresh();
    });

  function runCells(ids: string[]) {
    if (editor !== 'page') return;
    runs.run(ids);
    if (runs.waiting() > 0) connection.want();
  }

  /** Also while there is no server to be had. */
  const whereabouts = () => connection.workspace() ?? place;

  const insert = (id: string, at: number, cell: PageCell) => {
    cells.set(id, cell);
    order = [...order.slice(0, at), id, ...order.slice(at)];
    topics.tell('order');
    autosave.touch();
  };

  return {
    subscribe: topics.subscribe,
    order: () => order,
    cell: (id: string) => cells.get(id),
    status: () => status,

    /** Begins: claims a server, enters it, listens. @returns ends it */
    start(): () => void {
      placeLab(editor === 'lab' && sessionStorage.getItem(labMark(lesson)) !== null);
      refresh();
      const stopEvents = listen();
      saves = new BroadcastChannel('lectern-saves');
      saves.onmessage = ({ data }: MessageEvent<Saved>) => {
        const at = whereabouts();
        if (at && data.workspace === at.id && data.path === at.path && editor === 'page' && data.revision > (autosave.revision() ?? Infinity)) void autosave.load(at);
      };
      connection.open();
      return () => {
        saves?.close();
        stopEvents();
        clearTimeout(logTimer);
        autosave.close();
        connection.close();
      };
    },
    /** The learner is about to run something: get the kernel's library and connection ready. */
    prepare: () => void (connection.link() ?? connection.want()),
    approach: connection.approach,
    link: connection.link,
    run: (id: string) => runCells([id]),
    runAll: () => runCells(order.filter((id) => cells.get(id)?.cell.type === 'code')),
    interrupt() {
      runs.forgetQueue();
      void connection.interrupt();
    },
    async restart() {
      runs.forgetQueue();
      runs.end('The kernel was restarted while this cell was running.');
      await connection.restart();
    },
    keep() {
      const session = connection.session();
      if ('at' in session) void keepServer(session.at.server.id);
      server = { ...server, endsAt: undefined };
      refresh();
    },
    recheck: () => void connection.recheck(),
    workspace: whereabouts,

    edit: (id: string, source: string) => set(id, (each) => (each.cell.source === source ? each : { ...each, cell: { ...each.cell, source }, rendered: { ...each.rendered, source: false }, touched: { ...each.touched, source: true } })),
    /** @returns the new cell's id */
    add(type: 'code' | 'markdown', after: string | undefined): string {
      const id = crypto.randomUUID();
      insert(id, after === undefined ? 0 : order.indexOf(after) + 1, added(makeCell(type, id)));
      return id;
    },
    remove(id: string) {
      const cell = cells.get(id);
      if (!cell) return;
      removed = { cell: { ...cell, run: { state: 'none' }, rendered: { source: false, outputs: false } }, at: order.indexOf(id) };
      order = order.filter((each) => each !== id);
      cells.delete(id);
      topics.tell('order');
      autosave.touch();
      refresh();
    },
    undoRemove() {
      const back = removed;
      removed = undefined;
      if (back) insert(back.cell.cell.id, back.at, back.cell);
      refresh();
    },
    move(id: string, by: 1 | -1) {
      const from = order.indexOf(id);
      const to = from + by;
      if (from < 0 || to < 0 || to >= order.length) return;
      const next = order.filter((each) => each !== id);
      next.splice(to, 0, id);
      order = next;
      topics.tell('order');
      autosave.touch();
    },

    /** Everything in the site, what JupyterLab shows in this tab included. @returns whether it is */
    flush: async (options?: { keepalive?: boolean }) => (saveLab ? saveLab() : autosave.flush(options)),
    /** For the frame of JupyterLab: how it saves. @returns ends it, and the answers to other tabs that want the notebook back */
    showsLab(save: () => Promise<boolean>): () => void {
      saveLab = save;
      const at = connection.workspace();
      const stopAnswering = at && answerTabs(labTopic(at), save);
      return () => {
        saveLab = undefined;
        stopAnswering?.();
      };
    },
    retrySave: autosave.retryNow,
    settle: autosave.settle,
    restoreDraft: (yes: boolean) => autosave.restore(yes),

    /** Hands the notebook over, once it is saved. False when it could not be. */
    async handOver(to: 'lab' | 'page'): Promise<boolean> {
      const at = whereabouts();
      if (!at) return false;
      if (to === 'lab' && !(await autosave.flush())) return false;
      const before = labIsHere ?? false;
      // Before the others hear of it: this tab must not take itself for one of them.
      placeLab(to === 'lab');
      const answer = await setEditor(at, to);
      if (answer.state !== 'ok') {
        placeLab(before);
        return false;
      }
      if (to === 'page') await autosave.load(at, true);
      editor = to;
      refresh();
      return true;
    },
    /** Takes the notebook from a JupyterLab elsewhere. Where one can be asked it saves first; one that is gone, or does not answer, is not waited for. */
    async takeBack(): Promise<boolean> {
      const at = whereabouts();
      if (at) await askTabs(labTopic(at), labPatienceMs);
      return this.handOver('page');
    },
    /** Shows JupyterLab in this tab, where another one had opened it. */
    showLab() {
      placeLab(true);
      refresh();
    },
  };
}

export type Lesson = ReturnType<typeof makeLesson>;
