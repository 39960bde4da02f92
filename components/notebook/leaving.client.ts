import { forgetDraftsOf } from './drafts.client.ts';
import type { Lesson } from './lesson.client.ts';

/** What the sign-out waits for. A promise that answers false: there is work that could not be saved. */
export type BeforeSignOut = CustomEvent<{ promises: Promise<boolean>[] }>;

export const beforeSignOut = 'lectern:before-sign-out';

/**
 * For whoever signs the person out: lets every open notebook save first.
 * @returns false when some work is in this browser only, and would be removed: ask before going on
 */
export async function saveBeforeSignOut(): Promise<boolean> {
  const promises: Promise<boolean>[] = [];
  window.dispatchEvent(new CustomEvent(beforeSignOut, { detail: { promises } }));
  return (await Promise.all(promises)).every(Boolean);
}

/** After the sign-out: the next person at this browser must not find what this one left. */
export const forgetWork = (user: string) => forgetDraftsOf(user);

/** Saves when the page is hidden or closed, asks before unsaved work is left, and answers sign-outs. @returns stops */
export function keepWorkSafe(lesson: Lesson): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const flush = () => void lesson.flush({ keepalive: true });
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && flush(), { signal });
  window.addEventListener('pagehide', flush, { signal });
  window.addEventListener(
    'beforeunload',
    (event) => {
      const { save } = lesson.status();
      if (save.state === 'saved') return;
      flush();
      if (save.state === 'conflict' || save.state === 'refused') event.preventDefault();
    },
    { signal },
  );
  window.addEventListener('online', () => lesson.retrySave(), { signal });
  window.addEventListener(beforeSignOut, (event) => (event as BeforeSignOut).detail.promises.push(lesson.flush()), { signal });
  return () => {
    ended.abort();
    // A soft navigation away from the page.
    flush();
  };
}
