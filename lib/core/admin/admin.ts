import type { DiskWatch } from '../disk.ts';
import { ok, refuse, type Outcome } from '../errors.ts';
import type { ServerId, UserId, WorkspaceId } from '../ids.ts';
import type { OfferedProfile } from '../servers/offer.ts';
import type { Servers } from '../servers/open.ts';
import type { ServerRequests } from '../servers/store.ts';
import type { Actor, SiteRole } from '../users/actor.ts';
import type { Membership } from '../users/membership.ts';
import type { AdminRows, Overview, PersonOverview } from './overview.ts';

const ENDED_SHOWN = 20;
const PEOPLE_SHOWN = 100;
const MINUTES_SHOWN = 60;

type Deps = {
  rows: AdminRows;
  servers: Pick<Servers, 'open'>;
  requests: Pick<ServerRequests, 'wantStopped' | 'liveOf'>;
  membership: Pick<Membership, 'setBanned' | 'setRole'>;
  profiles: readonly OfferedProfile[];
  disk: Pick<DiskWatch, 'look'>;
};

export type Admin = ReturnType<typeof makeAdmin>;

/** What admins see and do. Each call asks for itself whether the actor is one: a page that forgot to ask gives nothing away. */
export const makeAdmin = ({ rows, servers, requests, membership, profiles, disk }: Deps) => ({
  async overview(actor: Actor): Promise<Outcome<Overview>> {
    if (actor.role !== 'admin') return onlyAdmins;
    const [servers, ended, minutes, shortfalls, shortage] = await Promise.all([rows.live(), rows.ended(ENDED_SHOWN), rows.minutes(MINUTES_SHOWN), rows.shortfalls(), disk.look()]);
    return ok({ servers, ended, minutes, shortfalls, ...(shortage && { shortage }), profiles: profiles.map(({ name, title }) => ({ name, title })) });
  },

  async people(actor: Actor, text: string): Promise<Outcome<PersonOverview[]>> {
    if (actor.role !== 'admin') return onlyAdmins;
    return ok(await rows.people(text.trim().slice(0, 100), PEOPLE_SHOWN));
  },

  async stopServer(actor: Actor, server: ServerId): Promise<Outcome<undefined>> {
    if (actor.role !== 'admin') return onlyAdmins;
    await requests.wantStopped(server, 'admin');
    return ok(undefined);
  },

  /** A server for a workspace that has none, in its owner's name and within their limits. */
  async startServer(actor: Actor, workspace: WorkspaceId): Promise<Outcome<undefined>> {
    if (actor.role !== 'admin') return onlyAdmins;
    const owner = await rows.ownerOf(workspace);
    if (!owner) return refuse({ code: 'not_found', say: 'This workspace is gone.' });
    const opened = await servers.open(workspace, owner);
    return opened.ok ? ok(undefined) : opened;
  },

  setRole: (actor: Actor, user: UserId, role: SiteRole): Promise<Outcome<undefined>> => membership.setRole(actor, user, role),

  /** A ban ends the person's sign-ins and servers at once. */
  async setBanned(actor: Actor, user: UserId, banned: boolean): Promise<Outcome<undefined>> {
    const done = await membership.setBanned(actor, user, banned);
    if (done.ok && banned) for (const server of await requests.liveOf(user)) await requests.wantStopped(server.id, 'access');
    return done;
  },
});

const onlyAdmins = refuse({ code: 'forbidden', say: 'Only admins may see this.' });
