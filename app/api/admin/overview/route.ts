import { adminOverviewOutcome } from '../../../../lib/web/admin.ts';
import { handler, respond } from '../../../../lib/web/respond.ts';

export const dynamic = 'force-dynamic';

export const GET = handler(async () => respond(await adminOverviewOutcome(), { headers: { 'cache-control': 'no-store' } }));
