import { ok, refuse, type Outcome, type Refusal } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Actor } from './actor.ts';
import type { Email } from './email.ts';
import type { PeopleStore, Passwords, Person } from './person.ts';
import { admit, limits, type Throttle } from './throttle.ts';

export type SignUpMode = 'open' | 'invited' | 'closed';

type Deps = { people: PeopleStore; passwords: Passwords; throttle: Throttle; signUp: SignUpMode };

/** Said for an unknown address and for a wrong password alike. */
const mismatch: Refusal = { code: 'unauthenticated', say: 'This e-mail address and password do not go together.' };

/** Why somebody who proved who they are may not come in all the same. */
export function refuseEntry(person: Pick<Person, 'banned' | 'verified'>, signUp: SignUpMode): Refusal | undefined {
  if (person.banned) return { code: 'forbidden', say: 'This account has been suspended. Ask whoever runs this site.' };
  if (signUp !== 'open' && !person.verified) return { code: 'forbidden', say: 'Confirm your e-mail address first: open the link in the mail we sent you.' };
  return undefined;
}

export type SignIn = ReturnType<typeof makeSignIn>;

export const makeSignIn = ({ people, passwords, throttle, signUp }: Deps) => {
  /** Counts the attempt under the account and the client's address; a right password takes it back. */
  async function proves(email: Email, password: string, address: string): Promise<Outcome<Person>> {
    const [account, place] = [`sign-in:${email}`, `sign-in-from:${address}`];
    const admitted = await admit(throttle, [
      [account, limits.signInPerAccount],
      [place, limits.signInPerAddress],
    ]);
    if (!admitted.ok) return admitted;
    const person = await people.byEmail(email);
    const hash = person && (await people.passwordHash(person.id));
    const matches = await passwords.verify(hash, password);
    if (!person || !matches) return refuse(mismatch);
    await Promise.all([throttle.refund(account), throttle.refund(place)]);
    return ok(person);
  }

  return {
    /** Whose e-mail address and password these are. `address` is the client's network address, for throttling. */
    async withPassword(email: Email, password: string, address: string): Promise<Outcome<UserId>> {
      const proved = await proves(email, password, address);
      if (!proved.ok) return proved;
      const refused = refuseEntry(proved.value, signUp);
      return refused ? refuse(refused) : ok(proved.value.id);
    },

    /** Whether somebody knows the account's password, without letting them in by it. Counted like a sign-in. */
    async confirm(actor: Pick<Actor, 'email'>, password: string, address: string): Promise<Outcome<undefined>> {
      const proved = await proves(actor.email as Email, password, address);
      if (proved.ok) return ok(undefined);
      const wrong = 'This is not your password.';
      return proved.refusal.code === 'unauthenticated' ? refuse({ code: 'invalid', say: wrong, fields: { current: [wrong] } }) : proved;
    },
  };
};
