import type { Draft } from './save.ts';

const database = 'lectern';
const store = 'drafts';

/** Work the site could not take yet, kept in this browser by person and lesson. A browser without storage keeps none. */
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

export const keepDraft = (draft: Draft) => withStore('readwrite', (drafts) => drafts.put(draft));
export const findDraft = (user: string, lesson: string) => withStore<Draft | undefined>('readonly', (drafts) => drafts.get([user, lesson]) as IDBRequest<Draft | undefined>);
export const forgetDraft = (user: string, lesson: string) => withStore('readwrite', (drafts) => drafts.delete([user, lesson]));

/** All drafts of one person: after a sign-out the next one at this browser must not find them. */
export const forgetDraftsOf = (user: string) => withStore('readwrite', (drafts) => drafts.delete(IDBKeyRange.bound([user, ''], [user, '\uffff'])));
