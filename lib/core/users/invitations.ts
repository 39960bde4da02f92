import { ok, refuse, type Outcome } from '../errors.ts';
import type { Actor, SiteRole } from './actor.ts';
import type { Email } from './email.ts';
import type { Letters } from './letters.ts';
import type { PeopleStore } from './person.ts';
import type { SignUpMode } from './sign-in.ts';

/** One that nobody has taken up yet. */
export type Invitation = { email: Email; role: SiteRole; createdAt: string };

export interface InvitationStore {
  /** Those that are open, the newest first. */
  open(): Promise<Invitation[]>;
  /** Opens one for the address, in place of an earlier one. */
  put(email: Email, role: SiteRole): Promise<void>;
  /** Takes an open one back; where there is none nothing changes. */
  withdraw(email: Email): Promise<void>;
}

type Deps = { store: InvitationStore; people: Pick<PeopleStore, 'byEmail'>; letters: Pick<Letters, 'invite'>; signUp: SignUpMode };

/** Who was asked to join, and as what. Whoever confirms the address takes it up: see PeopleStore.verify. */
export const makeInvitations = ({ store, people, letters, signUp }: Deps) => ({
  async list(actor: Actor): Promise<Outcome<{ signUp: SignUpMode; open: Invitation[] }>> {
    if (actor.role !== 'admin') return onlyAdmins;
    return ok({ signUp, open: await store.open() });
  },

  /** Writes them a letter, too; to invite once more is to write once more. */
  async invite(actor: Actor, to: Email, role: SiteRole): Promise<Outcome<undefined>> {
    if (actor.role !== 'admin') return onlyAdmins;
    if (signUp === 'closed') return refuse({ code: 'forbidden', say: 'Sign-up is closed here: nobody could take the invitation up.' });
    if (await people.byEmail(to)) {
      const there = 'There is an account with this address already. Change its role below.';
      return refuse({ code: 'invalid', say: there, fields: { email: [there] } });
    }
    await store.put(to, role);
    await letters.invite(to);
    return ok(undefined);
  },

  async withdraw(actor: Actor, email: Email): Promise<Outcome<undefined>> {
    if (actor.role !== 'admin') return onlyAdmins;
    await store.withdraw(email);
    return ok(undefined);
  },
});

const onlyAdmins = refuse({ code: 'forbidden', say: 'Only admins may invite people.' });

export type Invitations = ReturnType<typeof makeInvitations>;
