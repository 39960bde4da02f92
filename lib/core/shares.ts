import type { Refusal } from './errors.ts';

/** Said to whoever has too much waiting already. */
export const tooMany = { code: 'throttled', say: 'Too much was asked for at once. Try again in a moment.', retryAfterS: 5 } as const satisfies Refusal;

/** Gives the turn back. Once: a second call does nothing. */
export type Leave = () => void;

/** `each` of one person and `all` at once; `waiting` of one person wait, and whoever comes beyond that is turned away. */
export type Shares = { each: number; all: number; waiting: number };

type Mine = { inside: number; queue: ((leave: Leave) => void)[] };

/**
 * Turns that are fair by person: of those who wait, whoever was served longest ago is next, however many others ask for.
 * One who asks four hundred times waits for themselves.
 */
export function makeShares({ each, all, waiting }: Shares) {
  // In the order of turns: whoever gets one goes to the end.
  const people = new Map<string, Mine>();
  let inside = 0;
  let queued = 0;

  function leaveOf(person: string, mine: Mine): Leave {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside -= 1;
      mine.inside -= 1;
      if (mine.inside === 0 && mine.queue.length === 0) people.delete(person);
      serve();
    };
  }

  function begin(person: string, mine: Mine): Leave {
    inside += 1;
    mine.inside += 1;
    people.delete(person);
    people.set(person, mine);
    return leaveOf(person, mine);
  }

  function serve() {
    if (queued === 0) return;
    for (const [person, mine] of people) {
      if (inside >= all) return;
      if (mine.inside >= each || mine.queue.length === 0) continue;
      const go = mine.queue.shift()!;
      queued -= 1;
      go(begin(person, mine));
      // Begun anew, for the order has changed.
      return serve();
    }
  }

  return {
    /** @returns undefined when too many of this person's wait already */
    async enter(person: string): Promise<Leave | undefined> {
      const mine = people.get(person) ?? { inside: 0, queue: [] };
      if (inside < all && mine.inside < each && mine.queue.length === 0) return begin(person, mine);
      if (mine.queue.length >= waiting) return undefined;
      people.set(person, mine);
      queued += 1;
      return new Promise((resolve) => mine.queue.push(resolve));
    },
  };
}
