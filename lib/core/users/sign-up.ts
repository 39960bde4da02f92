import { ok, refuse, type Outcome } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Caller } from './caller.ts';
import type { Email } from './email.ts';
import type { PeopleStore, Passwords } from './person.ts';
import type { SignUpMode } from './sign-in.ts';
import { admit, limits, type Throttle } from './throttle.ts';
import type { Letters } from './letters.ts';

type Deps = { people: PeopleStore; passwords: Passwords; throttle: Throttle; letters: Letters; signUp: SignUpMode; askForSignInLink: (email: Email, caller: Caller) => Promise<unknown> };

export type SignedUp = { next: 'enter'; user: UserId } | { next: 'confirm-mail' };

/** Whether a new account may be made for the address. */
export async function mayJoin(email: Email, { people, signUp }: Pick<Deps, 'people' | 'signUp'>): Promise<boolean> {
  return signUp === 'open' || (signUp === 'invited' && (await people.invited(email)));
}

export const makeSignUp = (deps: Deps) => ({
  /**
   * Makes an account. Where sign-up is open its owner may come in at once and confirm the address later; by invitation only
   * the mail lets them in, and the answer does not tell who is invited.
   */
  async withPassword(form: { email: Email; name: string; password: string }, caller: Caller): Promise<Outcome<SignedUp>> {
    const { people, passwords, throttle, letters, signUp, askForSignInLink } = deps;
    if (signUp === 'closed') return refuse({ code: 'forbidden', say: 'New accounts cannot be made here. Ask whoever runs this site.' });
    const admitted = await admit(throttle, [[`sign-up-from:${caller.network}`, limits.signUpPerNetwork]]);
    if (!admitted.ok) return admitted;
    const passwordHash = await passwords.hash(form.password);
    const allowed = await mayJoin(form.email, deps);
    const person = allowed ? await people.create({ email: form.email, name: form.name, passwordHash }) : 'exists';
    if (person !== 'exists') letters.verify(form.email);
    if (signUp === 'invited') {
      // Whoever has an account already is let in by the mail they were told of.
      if (person === 'exists') await askForSignInLink(form.email, caller);
      return ok({ next: 'confirm-mail' });
    }
    if (person === 'exists') {
      const taken = 'There is an account with this address already. Sign in, or ask for a new password.';
      return refuse({ code: 'invalid', say: taken, fields: { email: [taken] } });
    }
    return ok({ next: 'enter', user: person.id });
  },
});
