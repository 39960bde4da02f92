import { unstable_rethrow } from 'next/navigation';
import { RefusedError, type Outcome, type Refusal } from '../core/errors.ts';
import { diskIsFull } from '../core/disk.ts';
import { siteHub } from './hub.ts';
import { isSameOrigin } from './origin.ts';

const STATUS: Record<Refusal['code'], number> = {
  not_found: 404,
  unauthenticated: 401,
  forbidden: 403,
  invalid: 400,
  stale: 409,
  locked: 423,
  throttled: 429,
  too_large: 413,
  quota: 507,
  disk_full: 507,
  unavailable: 503,
};

/** A refusal as the browser may see it: without what only operators should read. */
export const forBrowser = ({ detail: _, ...refusal }: Refusal): Refusal => refusal;

/** The refusal as JSON with its status. */
export function refusalResponse(refusal: Refusal): Response {
  const headers = refusal.code === 'throttled' ? { 'retry-after': String(refusal.retryAfterS) } : undefined;
  return Response.json(forBrowser(refusal), { status: STATUS[refusal.code], headers });
}

/** The value as JSON, or the refusal. */
export const respond = <T>(outcome: Outcome<T>, init?: ResponseInit): Response => (outcome.ok ? Response.json(outcome.value ?? {}, init) : refusalResponse(outcome.refusal));

/**
 * Wraps every route handler: unsafe methods must come from the site itself, and whatever is thrown becomes one log line and
 * an answer that tells nothing of its cause.
 */
export function handler<Context>(run: (request: Request, context: Context) => Promise<Response>) {
  return async (request: Request, context: Context): Promise<Response> => {
    const hub = await siteHub();
    if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method) && !isSameOrigin(request.headers.get('origin'), hub.config.site)) {
      return refusalResponse({ code: 'forbidden', say: 'This request did not come from this site.' });
    }
    try {
      return await run(request, context);
    } catch (cause) {
      if (cause instanceof RefusedError) return refusalResponse(cause.refusal);
      unstable_rethrow(cause);
      if (hub.disk.isToBlame(cause)) return refusalResponse(diskIsFull);
      hub.log.error({ err: cause, path: new URL(request.url).pathname }, 'request failed');
      return refusalResponse({ code: 'unavailable', say: 'Something went wrong here. Try again in a moment.' });
    }
  };
}
