import type { IncomingHttpHeaders } from 'node:http';

/** The two origins that may speak to a notebook origin: itself, and the site with its lesson pages. */
export type Allowed = { own: string; site: string };

export type Verdict = { state: 'allowed'; /** The site's page reads the answer by CORS. */ cors: boolean } | { state: 'refused'; why: string };

const refused = (why: string): Verdict => ({ state: 'refused', why });
const SAFE = new Set(['GET', 'HEAD']);
const FRAMES = new Set(['document', 'iframe', 'frame']);

/**
 * Whether a request comes from a page that may make it. The cookie alone proves nothing: a sibling notebook is the same
 * site, so its pages send the victim's cookie along. Jupyter's own checks are off, because the gateway injects its token.
 */
export function decideRequest(method: string, headers: IncomingHttpHeaders, { own, site }: Allowed): Verdict {
  if (headers['service-worker'] !== undefined || headers['sec-fetch-dest'] === 'serviceworker') return refused('service worker');
  const origin = headers.origin;
  if (origin !== undefined) {
    if (origin === own) return { state: 'allowed', cors: false };
    return origin === site ? { state: 'allowed', cors: true } : refused('origin');
  }
  if (headers['sec-fetch-site'] === 'same-origin') return { state: 'allowed', cors: false };
  const navigates = SAFE.has(method) && headers['sec-fetch-mode'] === 'navigate' && FRAMES.has(String(headers['sec-fetch-dest']));
  return navigates ? { state: 'allowed', cors: false } : refused('no origin');
}

/** Chromium sends no Sec-Fetch headers with upgrades over plain http, so the Origin decides alone. */
export function decideUpgrade(headers: IncomingHttpHeaders, { own, site }: Allowed): Verdict {
  const { origin } = headers;
  return origin !== undefined && (origin === own || origin === site) ? { state: 'allowed', cors: false } : refused(origin === undefined ? 'no origin' : 'origin');
}
