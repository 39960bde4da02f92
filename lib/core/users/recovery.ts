import { ok, refuse, type Outcome, type Refusal } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Actor } from './actor.ts';
import type { Email } from './email.ts';
import type { Letters } from './letters.ts';
import type { OneTimeLinks } from './links.ts';
import type { Membership } from './membership.ts';
import type { PeopleStore, Passwords } from './person.ts';
import { refuseEntry, type SignIn, type SignUpMode } from './sign-in.ts';
import { mayJoin } from './sign-up.ts';
import { admit, limits, type Throttle } from './throttle.ts';

type Deps = {
  people: PeopleStore;
  passwords: Passwords;
  throttle: Throttle;
  links: OneTimeLinks;
  letters: Letters;
  membership: Membership;
  signIn: Pick<SignIn, 'confirm'>;
  signUp: SignUpMode;
  background: (work: () => Promise<void>) => void;
};

const spent: Refusal = { code: 'not_found', say: 'This link has been used, or is too old. Ask for a new one.' };

/** Everything that goes by a link in a mail. What is asked for is answered the same whether or not the address is known. */
export const makeRecovery = (deps: Deps) => {
  const { people, passwords, throttle, links, letters, membership, signIn, signUp, background } = deps;

  const admitMail = (email: Email, address: string) =>
    admit(throttle, [
      [`mail:${email}`, limits.mailPerAccount],
      [`mail-from:${address}`, limits.mailPerAddress],
    ]);

  /** The person of the address, who has just shown that it is theirs. Made first where sign-up allows that. */
  async function provenOwner(email: Email): Promise<Outcome<UserId>> {
    let person = await people.byEmail(email);
    if (!person && (await mayJoin(email, deps))) {
      const made = await people.create({ email, verified: true });
      person = made === 'exists' ? await people.byEmail(email) : made;
    }
    if (!person) return refuse(spent);
    if (!person.verified) await people.verify(person.id);
    const refused = refuseEntry({ ...person, verified: true }, signUp);
    return refused ? refuse(refused) : ok(person.id);
  }

  return {
    async askForReset(email: Email, address: string): Promise<Outcome<undefined>> {
      const admitted = await admitMail(email, address);
      if (admitted.ok) background(async () => void ((await people.byEmail(email)) && letters.reset(email)));
      return admitted;
    },

    async askForSignInLink(email: Email, address: string): Promise<Outcome<undefined>> {
      const admitted = await admitMail(email, address);
      if (admitted.ok) background(async () => void (((await people.byEmail(email)) || (await mayJoin(email, deps))) && letters.signIn(email)));
      return admitted;
    },

    async askToVerify(actor: Pick<Actor, 'email'>, address: string): Promise<Outcome<undefined>> {
      const email = actor.email as Email;
      const admitted = await admitMail(email, address);
      if (admitted.ok) letters.verify(email);
      return admitted;
    },

    /** Whose address a link would confirm; undefined when it is used or too old. */
    confirms: (secret: string): Promise<Email | undefined> => links.whose('verify', secret),

    /**
     * Confirms the address behind the link for somebody who shows that the account is theirs, too: who is signed in to it
     * (`user`), or knows its password. By the link alone whoever signed up under the address of another would get that
     * person to make the account good, and keep the password to it.
     * @param by.address the client's network address; guesses count as those of a sign-in do
     */
    async verify(secret: string, by: { user?: UserId; password?: string; address: string }): Promise<Outcome<UserId>> {
      const email = await links.whose('verify', secret);
      const person = email && (await people.byEmail(email));
      if (!person) return refuse(spent);
      if (by.user !== person.id) {
        const proved = await signIn.confirm(person, by.password ?? '', by.address);
        if (!proved.ok) return proved;
      }
      return (await links.take('verify', secret)) ? provenOwner(person.email) : refuse(spent);
    },

    async signInByLink(secret: string): Promise<Outcome<UserId>> {
      const email = await links.take('sign-in', secret);
      if (!email) return refuse(spent);
      const person = await people.byEmail(email);
      // Whoever made the account without owning the address must not keep a way in.
      if (person && !person.verified) await membership.evict(person.id);
      return provenOwner(email);
    },

    /** Sets the password, ends every sign-in and every other link of the account. */
    async reset(secret: string, password: string): Promise<Outcome<UserId>> {
      const passwordHash = await passwords.hash(password);
      const email = await links.take('reset', secret);
      const person = email && (await people.byEmail(email));
      if (!person) return refuse(spent);
      if (person.verified) await membership.signOutEverywhere(person.id);
      else await membership.evict(person.id);
      await people.change(person.id, { passwordHash });
      await links.revoke(person.email);
      return provenOwner(person.email);
    },
  };
};
