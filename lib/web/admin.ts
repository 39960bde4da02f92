import { notFound } from 'next/navigation';
import { z } from 'zod';
import type { Outcome } from '../core/errors.ts';
import type { ServerId, UserId, WorkspaceId } from '../core/ids.ts';
import type { Overview, PersonOverview } from '../core/admin/overview.ts';
import { cleaned, id } from '../core/text.ts';
import { emailAddress } from '../core/users/password.ts';
import { action } from './action.ts';
import { actorOrSignIn, requireActor } from './actor.ts';
import { siteHub } from './hub.ts';

/** The servers and charts, for the page. Whoever is no admin is told that there is no such page. */
export const adminOverview = async (): Promise<Overview> => orNotFound(await (await siteHub()).admin.overview(await actorOrSignIn('/admin')));

/** The same for the page's own polling. */
export const adminOverviewOutcome = async (): Promise<Outcome<Overview>> => (await siteHub()).admin.overview(await requireActor());

export const adminPeople = async (text: string): Promise<PersonOverview[]> => orNotFound(await (await siteHub()).admin.people(await actorOrSignIn('/admin/people'), cleaned(text, 200)));

export const adminInvitations = async () => orNotFound(await (await siteHub()).invitations.list(await actorOrSignIn('/admin/people')));

const role = z.enum(['user', 'instructor', 'admin']);

export const stopServer = action(z.object({ server: id<ServerId>() }), async (actor, { server }) => (await siteHub()).admin.stopServer(actor, server));

export const startServer = action(z.object({ workspace: id<WorkspaceId>() }), async (actor, { workspace }) => (await siteHub()).admin.startServer(actor, workspace));

export const setRole = action(z.object({ user: id<UserId>(), role }), async (actor, { user, role }) => (await siteHub()).admin.setRole(actor, user, role));

export const setBanned = action(z.object({ user: id<UserId>(), banned: z.boolean() }), async (actor, { user, banned }) => (await siteHub()).admin.setBanned(actor, user, banned));

export const invite = action(z.object({ email: emailAddress, role }), async (actor, { email, role }) => (await siteHub()).invitations.invite(actor, email, role));

export const withdraw = action(z.object({ email: emailAddress }), async (actor, { email }) => (await siteHub()).invitations.withdraw(actor, email));

function orNotFound<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) notFound();
  return outcome.value;
}
