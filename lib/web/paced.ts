import { refuse, type Outcome } from '../core/errors.ts';
import { makeShares, tooMany, type Shares } from '../core/shares.ts';
import type { Actor } from '../core/users/actor.ts';
import { refusalResponse } from './respond.ts';

/**
 * How much of each kind one person, and all, may have done at once in this process. A page asks for a few at a time: six
 * connections is what a browser has, or a hundred at once where HTTP/2 is spoken before us: as many files of a lesson may wait.
 * Opening and entering wait for servers, so all together have no bound; a page and a save may hold a notebook several times over,
 * and an import several notebooks. Of a file the turn is its finding: its bytes may stand as long as a video does.
 */
const kinds = {
  open: { each: 4, all: Infinity, waiting: 64 },
  enter: { each: 8, all: Infinity, waiting: 24 },
  page: { each: 4, all: 16, waiting: 32 },
  file: { each: 8, all: Infinity, waiting: 128 },
  save: { each: 2, all: 16, waiting: 64 },
  import: { each: 1, all: 2, waiting: 3 },
} satisfies Record<string, Shares>;

export type Paced = keyof typeof kinds;

const shares = Object.fromEntries(Object.entries(kinds).map(([kind, each]) => [kind, makeShares(each)])) as Record<Paced, ReturnType<typeof makeShares>>;

/** A turn of the person's, in time. @returns undefined when too many of theirs wait already */
export const turnOf = (actor: Actor, kind: Paced) => shares[kind].enter(actor.id);

async function inTurn<T>(actor: Actor, kind: Paced, work: () => Promise<T>, refused: () => T): Promise<T> {
  const leave = await turnOf(actor, kind);
  if (!leave) return refused();
  try {
    return await work();
  } finally {
    leave();
  }
}

/** Does the work in the person's turn; past their share it is refused, with when to come again. */
export const paced = (actor: Actor, kind: Paced, work: () => Promise<Response>) => inTurn(actor, kind, work, () => refusalResponse(tooMany));

/** The same for what a page asks. */
export const pacedOutcome = <T>(actor: Actor, kind: Paced, work: () => Promise<Outcome<T>>) => inTurn(actor, kind, work, () => refuse(tooMany));
