import type { Draft } from './save.ts';

const database = 'lectern';
const store = 'drafts';

/** Runs one request on what is kept. A browser without storage keeps nothing. */
function withStore<T>(mode: IDBTransactionMode, work: (drafts: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    let opening: IDBOpenDBRequest;
    try {
      opening = indexedDB.open(database, 1);
    } catch {
      resolve(undefined);
      return;
    }
    opening.onupgradeneeded = () => opening.result.createObjectStore(store, { keyPath: ['user', 'lesson'] });
    opening.onerror = () => resolve(undefined);
    opening.onsuccess = () => {
      const connection = opening.result;
      const transaction = connection.transaction(store, mode);
      const request = work(transaction.objectStore(store));
      transaction.oncomplete = () => {
        connection.close();
        resolve(request.result);
      };
      transaction.onabort = () => {
        connection.close();
        resolve(undefined);
      };
    };
  });
}

type Work = Omit<Draft, 'user' | 'lesson'>;

const put = (draft: Draft) => withStore('readwrite', (drafts) => drafts.put(draft));
const lockOf = (key: string) => `lectern draft ${key}`;

/**
 * Work the site could not take yet, kept in this browser. Each page keeps its own: two tabs of one lesson do not take each other's
 * place. A page holds a lock for as long as it is there, so that another one is offered only what pages left behind that are gone.
 */
export function makeDrafts(user: string, lesson: string) {
  const own = `${lesson} ${crypto.randomUUID()}`;
  let leave = () => {};
  const gone = new Promise<void>((resolve) => (leave = resolve));
  let held: Promise<void> | undefined;

  return {
    /** Keeps this in place of what this page kept before. */
    async keep(work: Work): Promise<void> {
      held ??= navigator.locks.request(lockOf(own), () => gone);
      await put({ ...work, user, lesson: own });
    },
    /** Keeps this beside what this page keeps from now on. */
    async setAside(work: Work): Promise<Draft> {
      const draft = { ...work, user, lesson: `${lesson} ${crypto.randomUUID()}` };
      await put(draft);
      return draft;
    },
    /** What is kept of pages of this lesson that are gone, the newest first. */
    async leftBehind(): Promise<Draft[]> {
      const kept = await withStore<Draft[]>('readonly', (drafts) => drafts.getAll(IDBKeyRange.bound([user, lesson], [user, `${lesson} \uffff`])));
      if (!kept?.length) return [];
      const { held = [] } = await navigator.locks.query();
      const living = new Set(held.map(({ name }) => name));
      return kept.filter((draft) => !living.has(lockOf(draft.lesson))).sort((a, b) => b.at - a.at);
    },
    /** Forgets the draft; without one, what this page kept. */
    async forget(draft?: Draft): Promise<void> {
      await withStore('readwrite', (drafts) => drafts.delete([user, draft?.lesson ?? own]));
    },
    /** The page is going. */
    close: leave,
  };
}

/** All drafts of one person: after a sign-out the next one at this browser must not find them. */
export const forgetDraftsOf = (user: string) => withStore('readwrite', (drafts) => drafts.delete(IDBKeyRange.bound([user, ''], [user, '\uffff'])));
