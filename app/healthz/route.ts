export const dynamic = 'force-dynamic';

/** The process answers. Nothing else is asked, so that a database that is away restarts nobody. */
export function GET() {
  return Response.json({ alive: true }, { headers: { 'cache-control': 'no-store' } });
}
