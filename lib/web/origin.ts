import { siteHub } from './hub.ts';

/**
 * Whether an unsafe request was made by a page of this very site. Compares with the configured address, never with Host or
 * X-Forwarded-Host, which a client may have written. An absent or `null` Origin is not ours: browsers send it on every POST.
 */
export function isSameOrigin(origin: string | null, site: URL): boolean {
  return origin === site.origin;
}

/** The same for a request at hand. */
export async function sameOrigin(request: Request): Promise<boolean> {
  const { config } = await siteHub();
  return isSameOrigin(request.headers.get('origin'), config.site);
}
