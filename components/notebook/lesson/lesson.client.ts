import { kernelEnds } from '../../../lib/core/servers/reason.ts';
import { makeCell, type Notebook } from '../../../lib/core/lessons/notebook.ts';
import type { LessonId } from '../../../lib/core/ids.ts';
import type { ServerView } from '../../../lib/core/servers/view.ts';
import type { Unkept } from '../../../lib/core/workspaces/unkept.ts';
import { keepServer } from '../session/api.client.ts';
import { makeAutosave, type Conflict, type Saved } from '../saving/autosave.client.ts';
import { makeConnection } from '../runs/connection.client.ts';
import { loadEditor } from './editor-loader.client.ts';
import { onSiteEvent } from '../runs/events.client.ts';
import { makeHandover } from '../lab/handover.client.ts';
import { added, adopt, fromRendered, toNotebook, type Adoption, type PageCell, type RenderedCell } from '../runs/page-cells.ts';
import { makeRuns } from '../runs/runs.client.ts';
import type { Draft, SaveState } from '../saving/save.ts';
import type { Session, WorkspaceAt } from '../session/session.ts';
import { makeTopics } from '../session/store.client.ts';

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

/** In the server: what changes between these, as a cell runs, passes by itself. */
const isWorking = ({ state }: Session) => state === 'entered' || state === 'connecting' || state === 'connected';

/** A cell that was run at once has its output by then. In milliseconds. */
const logLaterMs = 1_000;

/** A lesson in the browser: its cells, their runs, its saves and its kernel. One per open page. */
export function makeLesson({ lesson, user, cells: rendered, editor: editorAtStart }: LessonStart) {
  let order = rendered.map(({ id }) => id);
  const cells = new Map(rendered.map((each) => [each.id, fromRendered(each)]));
  const topics = makeTopics<'order' | 'status' | `cell:${string}`>();
  let server: Pick<Extract<ServerView, { state: 'ready' }>, 'endsAt' | 'isOld' | 'unkept'> = {};
  /** Tells this browser's other tabs of saves: the site announces none, for they would be most of what it has to say. */
  let saves: BroadcastChannel | undefined;
  let place: WorkspaceAt | undefined;
  let removed: { cell: PageCell; at: number } | undefined;
  let logTimer: ReturnType<typeof setTimeout> | undefined;
  let status: Status = { session: { state: 'closed' }, save: { state: 'saved' }, editor: editorAtStart, running: 0 };

  /** Also while there is no server to be had. */
  const whereabouts = () => connection.workspace() ?? place;
  const isEditedHere = () => handover.editor() === 'page';
  const all = () => order.flatMap((id) => cells.get(id) ?? []);

  function refresh() {
    const running = all().filter(({ run }) => run.state === 'running' || run.state === 'asking' || run.state === 'queued').length;
    const next: Status = { session: connection.session(), save: autosave.state(), editor: handover.editor(), lab: handover.lab(), running, endsAt: server.endsAt, isOld: server.isOld, unkept: server.unkept, removed: removed?.cell.cell, conflict: autosave.conflict(), offer: autosave.offer() };
    const changed = (Object.keys(next) as (keyof Status)[]).filter((key) => next[key] !== status[key]);
    if (changed.length === 0) return;
    const isPassing = changed.every((key) => key === 'running' || (key === 'session' && isWorking(status.session) && isWorking(next.session)));
    status = next;
    if (isPassing) topics.tellSoon('status');
    else topics.tell('status');
  }

  function set(id: string, next: (cell: PageCell) => PageCell) {
    const before = cells.get(id);
    if (!before) return;
    const after = next(before);
    if (after === before) return;
    cells.set(id, after);
    const isChange = after.cell !== before.cell || after.shown !== before.shown;
    // That a cell has begun is passing: its output, which people wait for, comes right behind it.
    const isPassing = !isChange && before.run.state === 'queued' && after.run.state === 'running';
    if (isPassing) topics.tellSoon(`cell:${id}`);
    else topics.tell(`cell:${id}`);
    if (isChange && isEditedHere()) autosave.touch();
    if (after.run.state === before.run.state) return;
    refresh();
    // Who has run something may go offline and must be able to write on.
    if (after.run.state === 'done') void loadEditor();
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

  const handover = makeHandover({ lesson, editor: editorAtStart, autosave, whereabouts, changed: () => refresh() });

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
      if (event.kind === 'listening' && at && isEditedHere() && autosave.revision() !== undefined) void autosave.load(at);
      if (event.kind === 'server' && event.workspace === at?.id) heed(event.server);
      if (event.kind !== 'notebook' || event.workspace !== at?.id || event.path !== at.path) return;
      const byLab = handover.heard(event.editor);
      if (event.revision !== autosave.revision()) void autosave.load(at, byLab);
      refresh();
    });

  function runCells(ids: string[]) {
    if (!isEditedHere()) return;
    runs.run(ids);
    if (runs.waiting() > 0) connection.want();
  }

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
      handover.begin();
      refresh();
      const stopEvents = listen();
      saves = new BroadcastChannel('lectern-saves');
      saves.onmessage = ({ data }: MessageEvent<Saved>) => {
        const at = whereabouts();
        if (at && data.workspace === at.id && data.path === at.path && isEditedHere() && data.revision > (autosave.revision() ?? Infinity)) void autosave.load(at);
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
      runs.end(kernelEnds.restarted);
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

    flush: handover.flush,
    showsLab: (save: () => Promise<boolean>) => handover.showsLab(connection.workspace(), save),
    handOver: handover.handOver,
    takeBack: handover.takeBack,
    showLab: handover.showLab,

    retrySave: autosave.retryNow,
    settle: autosave.settle,
    restoreDraft: (yes: boolean) => autosave.restore(yes),
  };
}

export type Lesson = ReturnType<typeof makeLesson>;
