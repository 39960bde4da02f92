import { makeRemembered } from './remembered.ts';

/**
 * For what may happen as often as a stranger likes and is to be told now and then: once, and then at the most once in `everyMs` for
 * each key, with how many went untold.
 *
 * @param most keys remembered; one that was forgotten is told again
 * @returns undefined when it is not to be told now
 */
export function makeSeldom(everyMs: number, most: number, now: () => number = () => performance.now()): (key: string) => { untold: number } | undefined {
  const told = makeRemembered<{ at: number; untold: number }>(most);
  return (key) => {
    const last = told.get(key);
    if (last && now() - last.at < everyMs) {
      last.untold += 1;
      return undefined;
    }
    told.keep(key, { at: now(), untold: 0 });
    return { untold: last?.untold ?? 0 };
  };
}
