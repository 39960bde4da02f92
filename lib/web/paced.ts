import type { Refusal } from '../core/errors.ts';
import { makeShares, type Shares } from '../core/shares.ts';
import type { Actor } from '../core/users/actor.ts';
import { refusalResponse } from './respond.ts';

/**
 * How much of each kind one person, and all, may have done at once in this process. A page asks for a few at a time: six
 * connections is what a browser has. Opening and entering wait for servers, so all together have no bound; a save may hold a
 * notebook several times over, and an import several notebooks.
 */
const kinds = {
  open: { each: 4, all: Infinity, waiting: 64 },
  enter: { each: 8, all: Infinity, waiting: 24 },
  save: { each: 2, all: 16, waiting: 64 },
  import: { each: 1, all: 2, waiting: 3 },
} satisfies Record<string, Shares>;

const shares = { open: makeShares(kinds.open), enter: makeShares(kinds.enter), save: makeShares(kinds.save), import: makeShares(kinds.import) };

export type Paced = keyof typeof kinds;

export const tooMany: Refusal = { code: 'throttled', say: 'Too much was asked for at once. Try again in a moment.', retryAfterS: 5 };

/** A turn of the person's, in time. @returns undefined when too many of theirs wait already */
export const turnOf = (actor: Actor, kind: Paced) => shares[kind].enter(actor.id);

/** Does the work in the person's turn; past their share it is refused, with when to come again. */
export async function paced(actor: Actor, kind: Paced, work: () => Promise<Response>): Promise<Response> {
  const leave = await turnOf(actor, kind);
  if (!leave) return refusalResponse(tooMany);
  try {
    return await work();
  } finally {
    leave();
  }
}
