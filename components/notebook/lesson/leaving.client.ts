import { forgetDraftsOf } from '../saving/drafts.client.ts';
import type { Lesson } from './lesson.client.ts';
import { answerTabs, askTabs } from '../saving/tabs.client.ts';

const topic = 'lectern save your work';
const patienceMs = 10_000;

/**
 * For whoever signs the person out: lets the notebooks open in all tabs of this browser save first.
 * @returns false when some work is in this browser only, and would be removed: ask before going on
 */
export const saveBeforeSignOut = (): Promise<boolean> => askTabs(topic, patienceMs);

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
      if (save.state === 'conflict' || save.state === 'refused' || save.state === 'unread') event.preventDefault();
    },
    { signal },
  );
  window.addEventListener('online', () => lesson.retrySave(), { signal });
  const stopAnswering = answerTabs(topic, () => lesson.flush());
  return () => {
    ended.abort();
    stopAnswering();
    // A soft navigation away from the page.
    flush();
  };
}
