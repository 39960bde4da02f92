'use client';

type Saver = () => Promise<'saved' | 'unsaved'>;

const savers = new Set<Saver>();

/**
 * Called by whatever keeps unsaved work in the page: `save` is asked before a sign-out and says whether everything is safe.
 * @returns takes it back
 */
export function beforeSignOut(save: Saver): () => void {
  savers.add(save);
  return () => void savers.delete(save);
}

/** Saves what can be saved. A saver that fails counts as unsaved. */
export async function saveEverything(): Promise<'saved' | 'unsaved'> {
  const answers = await Promise.allSettled([...savers].map((save) => save()));
  return answers.every((answer) => answer.status === 'fulfilled' && answer.value === 'saved') ? 'saved' : 'unsaved';
}
