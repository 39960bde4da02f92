import type { Bus } from '../bus.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { SessionId, UserId } from '../ids.ts';
import type { Actor, SiteRole } from './actor.ts';
import type { PeopleStore } from './person.ts';
import type { SessionStore } from './sessions.ts';

type Deps = { people: PeopleStore; sessions: SessionStore; bus: Pick<Bus, 'publish'> };

export type Membership = ReturnType<typeof makeMembership>;

/** Ends sign-ins and changes what people may do, and tells the other programs at once: open sockets must close. */
export const makeMembership = ({ people, sessions, bus }: Deps) => {
  async function endAll(user: UserId, options?: { except?: SessionId }) {
    const ended = await sessions.endAll(user, options);
    await Promise.all(ended.map((session) => bus.publish({ kind: 'session-ended', session, user })));
  }

  return {
    async signOut(actor: Pick<Actor, 'id' | 'session'>): Promise<void> {
      await sessions.end(actor.session);
      await bus.publish({ kind: 'session-ended', session: actor.session, user: actor.id });
    },

    /** @param options.except the sign-in that stays */
    signOutEverywhere: endAll,

    /**
     * Takes every way in from an account whose address was never confirmed, before its owner gets it: whoever made it may
     * have been a stranger who knew the address.
     */
    async evict(user: UserId): Promise<void> {
      await people.disconnect(user, 'all');
      await people.change(user, { passwordHash: '' });
      await endAll(user);
    },

    async setBanned(by: Actor, user: UserId, banned: boolean): Promise<Outcome<undefined>> {
      const refused = refuseStaff(by, user);
      if (refused) return refused;
      await people.change(user, { banned });
      if (banned) await endAll(user);
      await bus.publish({ kind: 'user-changed', user });
      return ok(undefined);
    },

    /** Sign-ins end with a change of role, so that nothing goes on under the old one. */
    async setRole(by: Actor, user: UserId, role: SiteRole): Promise<Outcome<undefined>> {
      const refused = refuseStaff(by, user);
      if (refused) return refused;
      await people.change(user, { role });
      await endAll(user);
      await bus.publish({ kind: 'user-changed', user });
      return ok(undefined);
    },
  };
};

function refuseStaff(by: Actor, user: UserId): Outcome<never> | undefined {
  if (by.role !== 'admin') return refuse({ code: 'forbidden', say: 'Only admins may do this.' });
  // A site without an admin cannot be mended from its pages.
  if (by.id === user) return refuse({ code: 'forbidden', say: 'Ask another admin to change your own account.' });
  return undefined;
}
