import { ok, refuse, type Outcome, type Refusal } from '../errors.ts';
import type { UserId } from '../ids.ts';
import type { Actor } from './actor.ts';
import type { Caller } from './caller.ts';
import type { Email } from './email.ts';
import type { Letters } from './letters.ts';
import type { LinkPurpose, OneTimeLinks } from './links.ts';
import type { Membership } from './membership.ts';
import type { PeopleStore, Passwords } from './person.ts';
import { refuseEntry, type SignIn, type SignUpMode } from './sign-in.ts';
import { mayJoin } from './sign-up.ts';
import { admit, limits, placeOf, type Throttle } from './throttle.ts';

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

type Attempt = Parameters<typeof admit>[1][number];

const LATELY = 'Many mails were asked for with this address lately. If it may sign in here, one of them has a link that still works.';

const spent: Refusal = { code: 'not_found', say: 'This link has been used, or is too old. Ask for a new one.' };

/** Everything that goes by a link in a mail. What is asked for is answered the same whether or not the address is known. */
export const makeRecovery = (deps: Deps) => {
  const { people, passwords, throttle, links, letters, membership, signIn, signUp, background } = deps;

  /** A browser of the account's own has a count of its own. From elsewhere mail to one account gets slow, and never ends. */
  async function admitMail(purpose: LinkPurpose, email: Email, caller: Caller): Promise<Outcome<undefined>> {
    const place: Attempt = [`mail:${placeOf(email, caller)}`, limits.mailPerPlace];
    if (caller.browser) return admit(throttle, [place]);
    const admitted = await admit(throttle, [place, [`mail-from:${caller.network}`, limits.mailPerNetwork]]);
    if (!admitted.ok) return admitted;
    const { count } = await throttle.hit(`mail-to:${email}`, limits.mailUnslowed);
    if (count <= limits.mailUnslowed.count) return ok(undefined);
    const slowed = await admit(throttle, [[`mail-slowed:${purpose} ${email}`, limits.mailSlowed]]);
    return slowed.ok ? slowed : refuse({ ...slowed.refusal, say: `${LATELY} ${slowed.refusal.say}` });
  }

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
    async askForReset(email: Email, caller: Caller): Promise<Outcome<undefined>> {
      const admitted = await admitMail('reset', email, caller);
      if (admitted.ok) background(async () => void ((await people.byEmail(email)) && letters.reset(email)));
      return admitted;
    },

    async askForSignInLink(email: Email, caller: Caller): Promise<Outcome<undefined>> {
      const admitted = await admitMail('sign-in', email, caller);
      if (admitted.ok) background(async () => void (((await people.byEmail(email)) || (await mayJoin(email, deps))) && letters.signIn(email)));
      return admitted;
    },

    async askToVerify(actor: Pick<Actor, 'email'>, caller: Caller): Promise<Outcome<undefined>> {
      const email = actor.email as Email;
      const admitted = await admitMail('verify', email, caller);
      if (admitted.ok) letters.verify(email);
      return admitted;
    },

    /** Whose address a link would confirm; undefined when it is used or too old. */
    confirms: (secret: string): Promise<Email | undefined> => links.whose('verify', secret),

    /**
     * Confirms the address behind the link for somebody who shows that the account is theirs, too: who is signed in to it
     * (`user`), or knows its password. By the link alone whoever signed up under the address of another would get that
     * person to make the account good, and keep the password to it.
     * @param by.caller guesses count as those of a sign-in do
     */
    async verify(secret: string, by: { user?: UserId; password?: string; caller: Caller }): Promise<Outcome<UserId>> {
      const email = await links.whose('verify', secret);
      const person = email && (await people.byEmail(email));
      if (!person) return refuse(spent);
      if (by.user !== person.id) {
        const proved = await signIn.confirm(person, by.password ?? '', by.caller);
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
