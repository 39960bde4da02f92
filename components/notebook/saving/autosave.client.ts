import { parseNotebook, serialiseNotebook, type Notebook } from '../../../lib/core/lessons/notebook.ts';
import { readNotebook, writeNotebook, type Versioned } from '../session/api.client.ts';
import { makeDrafts } from './drafts.client.ts';
import { retryMs, saveDueAt, type Draft, type SaveState } from './save.ts';
import { merge } from './merge.ts';
import type { Adoption } from '../runs/page-cells.ts';
import type { WorkspaceAt } from '../session/session.ts';

export type Conflict = { mine: string; theirs: Versioned };
export type Saved = { workspace: string; path: string; revision: number };

type Page = {
  user: string;
  lesson: string;
  /** The page as a notebook in the frame of the revision it stands on. */
  notebook(frame: Pick<Notebook, 'metadata' | 'rest'>): Notebook;
  /** A revision to show. */
  adopt(notebook: Notebook, how: Adoption): void;
  changed(): void;
  saved(save: Saved): void;
};

const keepaliveBytes = 60_000;
const firstReadMs = 400;

/** Keeps the notebook: in the site two seconds after the last change, in this browser until the site has it. */
export function makeAutosave(page: Page) {
  let state: SaveState = { state: 'saved' };
  let at: WorkspaceAt | undefined;
  let base: { revision: number; saved: string; frame: Pick<Notebook, 'metadata' | 'rest'> } | undefined;
  let firstChange: number | undefined;
  let lastChange = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let draftTimer: ReturnType<typeof setTimeout> | undefined;
  let saving: Promise<void> | undefined;
  let loading: Promise<boolean> | undefined;
  let conflict: Conflict | undefined;
  /** Drafts that are not answered yet; they stay kept until they are. */
  let offers: Draft[] = [];
  let tries = 0;
  const drafts = makeDrafts(page.user, page.lesson);

  const become = (next: SaveState) => {
    state = next;
    page.changed();
  };

  const textNow = () => base && serialiseNotebook(page.notebook(base.frame));

  function schedule(dueMs: number) {
    clearTimeout(timer);
    timer = setTimeout(() => void save(), Math.max(0, dueMs - Date.now()));
  }

  async function keep() {
    clearTimeout(draftTimer);
    draftTimer = undefined;
    const text = textNow();
    if (base && text !== undefined && text !== base.saved) await drafts.keep({ baseRevision: base.revision, text, at: lastChange });
  }

  function save(options: { keepalive?: boolean } = {}): Promise<void> {
    saving ??= write(options).finally(() => {
      saving = undefined;
    });
    return saving;
  }

  async function write({ keepalive }: { keepalive?: boolean }): Promise<void> {
    clearTimeout(timer);
    if (!at || conflict) return;
    // Where the first reading failed there is nothing to save to yet.
    if (!base && !(await read(at, false))) {
      if (state.state === 'refused') return;
      become({ state: 'unread' });
      schedule(Date.now() + retryMs(tries++));
      return;
    }
    const text = textNow();
    if (!base || text === undefined) return;
    if (text === base.saved) {
      firstChange = undefined;
      become({ state: 'saved' });
      return;
    }
    const changeSaved = lastChange;
    become({ state: 'saving' });
    const answer = await writeNotebook(at, { text, revision: base.revision }, { keepalive: keepalive && new Blob([text]).size < keepaliveBytes });
    if (answer.state === 'ok') {
      tries = 0;
      base = { ...base, revision: answer.value.revision, saved: text };
      page.saved({ workspace: at.id, path: at.path, revision: base.revision });
      if (lastChange === changeSaved) {
        firstChange = undefined;
        clearTimeout(draftTimer);
        become({ state: 'saved' });
        await drafts.forget();
      } else {
        firstChange = lastChange;
        become({ state: 'unsaved' });
        schedule(saveDueAt(firstChange, lastChange));
      }
      return;
    }
    await keep();
    // Merged with what was saved elsewhere, it is saved at once.
    if (answer.state === 'refused' && answer.code === 'stale') {
      if (await compare()) await write({ keepalive });
      return;
    }
    if (answer.state === 'refused' && answer.code !== 'throttled' && answer.code !== 'locked') {
      become({ state: 'refused', say: answer.say });
      if (answer.retryAfterS !== undefined) schedule(Date.now() + answer.retryAfterS * 1_000);
      return;
    }
    become({ state: 'offline', tries, locked: answer.state === 'refused' && answer.code === 'locked' });
    schedule(Date.now() + retryMs(tries++));
  }

  /** Somebody else's revision is in the site: it and ours come together, or the learner chooses. @returns whether they did */
  async function compare(): Promise<boolean> {
    const theirs = at && (await readNotebook(at));
    const mine = textNow();
    if (!base || mine === undefined || theirs?.state !== 'ok') {
      become({ state: 'offline', tries });
      schedule(Date.now() + retryMs(tries++));
      return false;
    }
    const [was, here, there] = [base.saved, mine, theirs.value.text].map(parseNotebook);
    const merged = was?.ok && here?.ok && there?.ok ? merge(was.value, here.value, there.value) : 'conflict';
    if (merged === 'conflict' || !there?.ok) {
      conflict = { mine, theirs: theirs.value };
      become({ state: 'conflict', theirs: theirs.value.revision });
      return false;
    }
    base = { revision: theirs.value.revision, saved: serialiseNotebook(there.value), frame: { metadata: merged.metadata, rest: merged.rest } };
    page.adopt(merged, 'merged');
    return true;
  }

  function take({ text, revision }: Versioned, how: Adoption): boolean {
    const parsed = parseNotebook(text);
    if (!parsed.ok) {
      become({ state: 'refused', say: parsed.refusal.say });
      return false;
    }
    base = { revision, saved: serialiseNotebook(parsed.value), frame: { metadata: parsed.value.metadata, rest: parsed.value.rest } };
    page.adopt(parsed.value, how);
    return true;
  }

  const canonicalText = (text: string) => {
    const parsed = parseNotebook(text);
    return parsed.ok ? serialiseNotebook(parsed.value) : text;
  };

  async function read(place: WorkspaceAt, over: boolean): Promise<boolean> {
    const answer = await readNotebook(place);
    if (answer.state !== 'ok') return false;
    const isFirst = base === undefined;
    if (base && answer.value.revision === base.revision && !over) return true;
    const dirty = base !== undefined && !over && textNow() !== base.saved;
    // With changes of its own the page finds out at its next save, and asks.
    if (dirty) return true;
    const mine = textNow();
    // What the site would not take while JupyterLab had the notebook.
    if (base && over && firstChange !== undefined && mine !== undefined && mine !== base.saved) {
      offers.unshift(await drafts.setAside({ baseRevision: base.revision, text: mine, at: lastChange }));
      page.changed();
    }
    // Without changes of its own the page follows what is in the site.
    if (!take(answer.value, over ? 'over' : isFirst ? 'beside' : 'merged')) return false;
    if (isFirst && base) {
      for (const draft of await drafts.leftBehind()) {
        if (canonicalText(draft.text) === base.saved) await drafts.forget(draft);
        else offers.push(draft);
      }
      if (offers.length > 0) page.changed();
    }
    if (firstChange !== undefined) schedule(saveDueAt(firstChange, lastChange));
    return true;
  }

  return {
    state: () => state,
    conflict: () => conflict,
    /** The one to answer next. */
    offer: () => offers[0],
    revision: () => base?.revision,
    /** Reads the notebook from the site: when the workspace is known, and after another editor had it. */
    load(place: WorkspaceAt, over = false): Promise<boolean> {
      at = place;
      // The first reading would be in the way of what the learner runs at once, and nothing waits for it.
      loading = base || over ? read(place, over) : new Promise((done) => setTimeout(done, firstReadMs)).then(() => read(place, over));
      return loading;
    },
    /** Something in the notebook changed. */
    touch() {
      lastChange = Date.now();
      firstChange ??= lastChange;
      if (state.state === 'saved') become({ state: 'unsaved' });
      draftTimer ??= setTimeout(() => void keep(), 500);
      if (state.state !== 'conflict' && state.state !== 'offline') schedule(saveDueAt(firstChange, lastChange));
    },
    /** Saves now. @returns whether everything is in the site */
    async flush(options: { keepalive?: boolean } = {}): Promise<boolean> {
      if (saving) await saving;
      // What was typed before the notebook had arrived can be saved once it has.
      if (!base) await loading;
      if (base ? textNow() !== base.saved : firstChange !== undefined) {
        // Written first and not waited for: a closing page may get no further.
        const kept = keep();
        await save(options);
        await kept;
      }
      return base === undefined ? firstChange === undefined : textNow() === base.saved;
    },
    retryNow() {
      if (state.state === 'offline' || state.state === 'unread' || state.state === 'refused') void save();
    },
    /** The learner's answer to a conflict. @returns what the site says where it does not take the copy: then the conflict stays */
    async settle(choice: 'mine' | 'theirs' | 'both'): Promise<string | undefined> {
      if (!conflict || !base || !at) return undefined;
      const { mine, theirs } = conflict;
      if (choice === 'both') {
        const copy = at.path.replace(/(\.ipynb)?$/, ` (my version ${new Date().toISOString().slice(0, 16).replace('T', ' ').replace(':', '.')}).ipynb`);
        const kept = await writeNotebook(at, { text: mine, revision: 0 }, { path: copy });
        if (kept.state !== 'ok') return kept.state === 'refused' ? kept.say : 'The site cannot be reached just now.';
      }
      conflict = undefined;
      if (choice === 'mine') {
        base = { ...base, revision: theirs.revision, saved: canonicalText(theirs.text) };
        await save();
        return undefined;
      }
      take(theirs, 'over');
      firstChange = undefined;
      become({ state: 'saved' });
      await drafts.forget();
      return undefined;
    },
    /** The learner's answer to the offer of a draft. */
    async restore(yes: boolean) {
      const [draft, ...later] = offers;
      offers = later;
      if (yes && draft && base) {
        const parsed = parseNotebook(draft.text);
        if (parsed.ok) page.adopt(parsed.value, 'over');
        this.touch();
        await keep();
      }
      page.changed();
      if (draft) await drafts.forget(draft);
    },
    close() {
      clearTimeout(timer);
      clearTimeout(draftTimer);
      drafts.close();
    },
  };
}

export type Autosave = ReturnType<typeof makeAutosave>;
