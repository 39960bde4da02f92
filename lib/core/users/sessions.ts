import type { SessionId, UserId } from '../ids.ts';
import type { Actor } from './actor.ts';

/** How long one sign-in of one browser lasts. It does not slide: after this the person signs in again. */
export const SESSION_MS = 30 * 24 * 60 * 60 * 1000;

/** Sign-ins, one row each. Whoever ends one tells the bus, so that open sockets are closed. */
export interface SessionStore {
  /** Who holds this sign-in; undefined once it has ended or expired, or the person is banned or gone. */
  actor(session: SessionId): Promise<Actor | undefined>;
  start(user: UserId, options: { lastsMs: number; userAgent?: string }): Promise<SessionId>;
  /** Ended already is not an error. */
  end(session: SessionId): Promise<void>;
  /** @returns those that were ended */
  endAll(user: UserId, options?: { except?: SessionId }): Promise<SessionId[]>;
}
