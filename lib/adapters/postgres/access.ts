import { UpstreamError } from '../../core/errors.ts';
import type { AccessRow, GatewayRows } from '../../core/auth/access.ts';
import type { ServerId } from '../../core/ids.ts';
import type { Address } from '../../core/servers/server.ts';
import type { CourseRole, SiteRole } from '../../core/users/actor.ts';
import type { Query } from './database.ts';

type Row = {
  signed_in: boolean;
  banned: boolean;
  owner: boolean;
  site_role: SiteRole | null;
  course_role: CourseRole | null;
  server_id: ServerId | null;
  generation: number;
  address: Address | null;
  marked: boolean;
};

/** Always one row: what is not there leaves its columns null. */
const ACCESS = `
  SELECT s.id IS NOT NULL AS signed_in, u.banned_at IS NOT NULL AS banned, w.id IS NOT NULL AS owner, u.role AS site_role, e.role AS course_role,
         v.id AS server_id, v.generation, v.address, v.marked_at IS NOT NULL AS marked
  FROM (SELECT 1) AS one
  LEFT JOIN "user" u ON u.id = $2
  LEFT JOIN session s ON s.id = $1 AND s.user_id = u.id AND s.expires > now()
  LEFT JOIN workspace w ON w.id = $3 AND w.key = $4 AND w.user_id = u.id
  LEFT JOIN enrolment e ON e.user_id = u.id AND e.course_id = w.course_id
  LEFT JOIN server v ON v.workspace_id = w.id AND v.state = 'running' AND v.desired = 'run'`;

/** @param options.timeoutMs after which a database that says nothing counts as away */
export const makeGatewayRows = (query: Query, { timeoutMs = 3_000 } = {}): GatewayRows => ({
  async access({ sid, sub, wsp, key }) {
    const [row] = await within(timeoutMs, query<Row>(ACCESS, [sid, sub, wsp, key]));
    return toAccess(row!);
  },
});

const toAccess = (row: Row): AccessRow => ({
  signedIn: row.signed_in,
  banned: row.banned,
  owner: row.owner,
  siteRole: row.site_role ?? undefined,
  courseRole: row.course_role ?? undefined,
  ...(row.server_id && row.address && { server: { id: row.server_id, generation: row.generation, address: row.address, marked: row.marked } }),
});

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UpstreamError('database', `no answer within ${ms} ms`)), ms);
  });
  // The loser of the race may fail later with nobody listening.
  work.catch(() => undefined);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
