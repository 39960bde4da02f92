import { readiness } from '../../lib/web/readiness.ts';

export const dynamic = 'force-dynamic';

/** People may be sent here: the database, its migrations and the bus are there. */
export async function GET() {
  const found = await readiness();
  return Response.json(found, { status: found.ready ? 200 : 503, headers: { 'cache-control': 'no-store' } });
}
