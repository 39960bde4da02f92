import { z } from 'zod';
import { ok, refuse, type Outcome } from '../core/errors.ts';
import { token } from '../core/text.ts';
import type { Email } from '../core/users/email.ts';
import { newPassword, personName, triedPassword } from '../core/users/password.ts';
import { action } from './action.ts';
import { actorOrSignIn } from './actor.ts';
import { problemOf } from './account-pages.ts';
import { siteHub } from './hub.ts';
import { callerFor } from './known-browser.ts';
import { makeProviders } from './providers.ts';

/** Everything the account page shows. */
export async function accountPage(query: { error?: string | string[] }) {
  const actor = await actorOrSignIn('/account');
  const { people, secrets, prisma } = await siteHub();
  const [person, hash, connected, sessions] = await Promise.all([
    people.byId(actor.id),
    people.passwordHash(actor.id),
    people.connected(actor.id),
    prisma.session.count({ where: { userId: actor.id, expires: { gt: new Date() } } }),
  ]);
  const providers = makeProviders(secrets.providers).map(({ id, name }) => ({ id, name, connected: connected.some((account) => account.provider === id) }));
  return {
    name: actor.name,
    email: actor.email,
    verified: person?.verified ?? false,
    hasPassword: hash !== undefined,
    providers,
    otherSessions: Math.max(sessions - 1, 0),
    problem: problemOf(query.error),
  };
}

export const changeName = action(z.object({ name: personName }), async (actor, { name }) => {
  const { people } = await siteHub();
  await people.change(actor.id, { name });
  return ok(undefined);
});

/** Sets or changes the password and ends the other sign-ins. */
export const changePassword = action(
  z.object({ current: triedPassword.optional(), password: newPassword }),
  async (actor, { current, password }): Promise<Outcome<undefined>> => {
    const { people, passwords, membership, signIn } = await siteHub();
    if ((await people.passwordHash(actor.id)) !== undefined) {
      const outcome = await signIn.confirm(actor, current ?? '', await callerFor(actor.email as Email));
      if (!outcome.ok) return outcome;
    }
    await people.change(actor.id, { passwordHash: await passwords.hash(password) });
    await membership.signOutEverywhere(actor.id, { except: actor.session });
    return ok(undefined);
  },
);

export const signOutElsewhere = action(z.unknown(), async (actor) => {
  await (await siteHub()).membership.signOutEverywhere(actor.id, { except: actor.session });
  return ok(undefined);
});

export const askToVerify = action(z.unknown(), async (actor) => (await siteHub()).recovery.askToVerify(actor, await callerFor(actor.email as Email)));

/** Takes one way of signing in away, unless it is the last. */
export const disconnect = action(z.object({ provider: token(50) }), async (actor, { provider }): Promise<Outcome<undefined>> => {
  const { people } = await siteHub();
  const [hash, connected] = await Promise.all([people.passwordHash(actor.id), people.connected(actor.id)]);
  if (hash === undefined && connected.every((account) => account.provider === provider)) {
    return refuse({ code: 'forbidden', say: 'This is your only way in. Set a password first.' });
  }
  await people.disconnect(actor.id, provider);
  return ok(undefined);
});
