import { ok, refuse, type Outcome, type Refusal } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Actor } from './actor.ts';
import type { Caller } from './caller.ts';
import type { Email } from './email.ts';
import type { PeopleStore, Passwords, Person } from './person.ts';
import { admit, homeLimit, limits, placeOf, slowness, type Throttle } from './throttle.ts';

export type SignUpMode = 'open' | 'invited' | 'closed';

type Deps = { people: PeopleStore; passwords: Passwords; throttle: Throttle; signUp: SignUpMode; pause: (ms: number) => Promise<unknown> };

/** Said for an unknown address and for a wrong password alike. */
const mismatch: Refusal = { code: 'unauthenticated', say: 'This e-mail address and password do not go together.' };

/** Why somebody who proved who they are may not come in all the same. */
export function refuseEntry(person: Pick<Person, 'banned' | 'verified'>, signUp: SignUpMode): Refusal | undefined {
  if (person.banned) return { code: 'forbidden', say: 'This account has been suspended. Ask whoever runs this site.' };
  if (signUp !== 'open' && !person.verified) return { code: 'forbidden', say: 'Confirm your e-mail address first: open the link in the mail we sent you.' };
  return undefined;
}

export type SignIn = ReturnType<typeof makeSignIn>;

export const makeSignIn = ({ people, passwords, throttle, signUp, pause }: Deps) => {
  /**
   * Counts the attempt where it comes from; a right password takes it back. A browser of the account's own has only its own count.
   * From elsewhere the network's counts may refuse, and the account's makes wait where its owner never was: known and unknown
   * addresses alike.
   */
  async function proves(email: Email, password: string, caller: Caller): Promise<Outcome<Person>> {
    const [place, network] = [`sign-in:${placeOf(email, caller)}`, `sign-in-from:${caller.network}`];
    const strange: Parameters<typeof admit>[1] = caller.browser ? [] : [[network, limits.signInPerNetwork]];
    const admitted = await admit(throttle, [[place, limits.signInPerPlace], ...strange]);
    if (!admitted.ok) return admitted;
    const home = `sign-in-home:${email} from ${caller.network}`;
    const isStrange = !caller.browser && !(await throttle.holds(home));
    if (isStrange) await slowDown(email);
    const person = await people.byEmail(email);
    const hash = person && (await people.passwordHash(person.id));
    const matches = await passwords.verify(hash, password);
    if (!person || !matches) return refuse(mismatch);
    await Promise.all([place, ...(caller.browser ? [] : [network]), ...(isStrange ? [accountKey(email)] : [])].map((key) => throttle.refund(key)));
    await throttle.hit(home, homeLimit);
    return ok(person);
  }

  const accountKey = (email: Email) => `sign-in-to:${email}`;

  async function slowDown(email: Email) {
    const unslowed = limits.signInUnslowed.count;
    // Counts on past where the wait no longer grows, and not for ever.
    const { count } = await throttle.hit(accountKey(email), { ...limits.signInUnslowed, count: unslowed + 10 });
    const waitMs = slowness(count, unslowed);
    if (waitMs > 0) await pause(waitMs);
  }

  return {
    /** Whose e-mail address and password these are. */
    async withPassword(email: Email, password: string, caller: Caller): Promise<Outcome<UserId>> {
      const proved = await proves(email, password, caller);
      if (!proved.ok) return proved;
      const refused = refuseEntry(proved.value, signUp);
      return refused ? refuse(refused) : ok(proved.value.id);
    },

    /** Whether somebody knows the account's password, without letting them in by it. Counted like a sign-in. */
    async confirm(actor: Pick<Actor, 'email'>, password: string, caller: Caller): Promise<Outcome<undefined>> {
      const proved = await proves(actor.email as Email, password, caller);
      if (proved.ok) return ok(undefined);
      const wrong = 'This is not your password.';
      return proved.refusal.code === 'unauthenticated' ? refuse({ code: 'invalid', say: wrong, fields: { current: [wrong] } }) : proved;
    },
  };
};
