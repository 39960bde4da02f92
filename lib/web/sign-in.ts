import { cookies, headers } from 'next/headers';
import { z } from 'zod';
import { cookieNames, cookieOptions } from '../core/auth/cookies.ts';
import { nextPath } from '../core/auth/next-path.ts';
import { breaksPrefixes } from '../core/auth/session-of.ts';
import { ok, refuse, type Outcome } from '../core/errors.ts';
import type { UserId } from '../core/ids.ts';
import { token as written } from '../core/text.ts';
import { emailAddress, newPassword, personName, triedPassword } from '../core/users/password.ts';
import { SESSION_MS } from '../core/users/sessions.ts';
import { publicAction } from './action.ts';
import { currentActor } from './actor.ts';
import { siteHub } from './hub.ts';
import { callerFor, rememberBrowser } from './known-browser.ts';
import { sealSession } from './session-cookie.ts';

/** Where the browser goes now; it loads that page anew. */
export type Entered = { to: string };

const next = written(2000).optional();
const token = written(200);
const nothing = z.unknown();

/** Starts a sign-in for this browser and gives it the same cookie that NextAuth gives after a sign-in elsewhere. */
async function enter(user: UserId, to?: string): Promise<Outcome<Entered>> {
  if (breaksPrefixes((await headers()).get('cookie'))) return refuse({ code: 'forbidden', say: 'You cannot sign in with this browser: it keeps cookies that it should refuse. Use Firefox, Chrome or Edge.' });
  const hub = await siteHub();
  await endCurrent();
  const session = await hub.sessions.start(user, { lastsMs: SESSION_MS, userAgent: (await headers()).get('user-agent') ?? undefined });
  const value = await sealSession({ sub: user, sid: session }, hub.secrets.keys);
  (await cookies()).set(cookieNames.sessionToken, value, { ...cookieOptions, maxAge: SESSION_MS / 1000 });
  await rememberBrowser(user);
  return ok({ to: nextPath(to) });
}

async function endCurrent() {
  const actor = await currentActor();
  if (actor) await (await siteHub()).membership.signOut(actor);
}

const enterIf = async (outcome: Outcome<UserId>, to?: string): Promise<Outcome<Entered>> => (outcome.ok ? enter(outcome.value, to) : outcome);

export const signInWithPassword = publicAction(z.object({ email: emailAddress, password: triedPassword, next }), async (form) =>
  enterIf(await (await siteHub()).signIn.withPassword(form.email, form.password, await callerFor(form.email)), form.next),
);

export const signUpWithPassword = publicAction(
  z.object({ name: personName, email: emailAddress, password: newPassword, next }),
  async (form): Promise<Outcome<Entered | { to?: undefined }>> => {
    const outcome = await (await siteHub()).signUp.withPassword(form, await callerFor(form.email));
    if (!outcome.ok) return outcome;
    return outcome.value.next === 'enter' ? enter(outcome.value.user, form.next) : ok({});
  },
);

export const askForSignInLink = publicAction(z.object({ email: emailAddress }), async ({ email }) =>
  (await siteHub()).recovery.askForSignInLink(email, await callerFor(email)),
);

export const askForReset = publicAction(z.object({ email: emailAddress }), async ({ email }) => (await siteHub()).recovery.askForReset(email, await callerFor(email)));

export const resetPassword = publicAction(z.object({ token, password: newPassword }), async (form) =>
  enterIf(await (await siteHub()).recovery.reset(form.token, form.password)),
);

export const verifyEmail = publicAction(z.object({ token, current: triedPassword.optional() }), async (form): Promise<Outcome<Entered>> => {
  const [{ recovery }, actor] = await Promise.all([siteHub(), currentActor()]);
  const caller = await callerFor(await recovery.confirms(form.token));
  const outcome = await recovery.verify(form.token, { user: actor?.id, password: form.current, caller });
  return outcome.ok && outcome.value === actor?.id ? ok({ to: '/courses' }) : enterIf(outcome);
});

export const takeSignInLink = publicAction(z.object({ token }), async (form) => enterIf(await (await siteHub()).recovery.signInByLink(form.token)));

export const takeAdminLink = publicAction(z.object({ token }), async (form) => enterIf(await (await siteHub()).adminLink.take(form.token)));

/** Ends this browser's sign-in: its row, then its cookie. */
export const endMySession = publicAction(nothing, async () => {
  await endCurrent();
  (await cookies()).set(cookieNames.sessionToken, '', { ...cookieOptions, maxAge: 0 });
  return ok(undefined);
});
