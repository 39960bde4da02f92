import type { IncomingMessage } from 'node:http';
import { sessionOf } from '../core/auth/session-of.ts';
import { makeWhose } from '../core/auth/whose.ts';
import { makeShares, tooMany, type Leave } from '../core/shares.ts';
import type { Own } from './answer.ts';
import { networkOf } from './client.ts';
import { hasBody } from './pace.ts';

/** A browser asks for six at once, or a hundred where HTTP/2 is spoken before us. A page takes some 15 ms of the site's one loop, which others wait for. */
export const person = { each: 4, all: Infinity, waiting: 128 };
/** Nobody who is signed in, of one network: a whole class may be behind one address. */
export const network = { each: 32, all: Infinity, waiting: 1_024 };

export const turnedAway: Own = { status: 429, code: tooMany.code, say: tooMany.say, retryS: tooMany.retryAfterS };

/** Files of the site's that are the same for everybody are cheap, and a first visit asks for thirty. What has a body is paced by its bytes. */
const isPaced = (request: IncomingMessage) => !hasBody(request) && (request.method === 'GET' || request.method === 'HEAD') && !request.url?.startsWith('/_next/static/');

/**
 * Turns at the site for what only asks, by person, and for strangers by network: a page is rendered in the one loop that all
 * share, so whoever asks four hundred times waits here, for themselves. A turn ends with the head of the answer: bytes may stand
 * as long as their reader likes.
 */
export function makeTurns({ keys, addressOf }: { keys: readonly { nextAuth: string }[]; addressOf: (request: IncomingMessage) => string }) {
  const whose = makeWhose(keys);
  const [people, networks] = [makeShares(person), makeShares(network)];

  return {
    isPaced,

    /** @returns undefined when too many of theirs wait already */
    async of(request: IncomingMessage): Promise<Leave | undefined> {
      const session = sessionOf(request.headers.cookie ?? null);
      const user = session && (await whose(session));
      return user ? people.enter(user) : networks.enter(networkOf(addressOf(request)));
    },
  };
}
