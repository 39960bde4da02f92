import type { IncomingHttpHeaders } from 'node:http';

/** What a notebook server needs of a browser's request. Everything else stays here, cookies first of all. */
const TO_NOTEBOOK = ['accept', 'accept-encoding', 'accept-language', 'content-type', 'content-length', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'range'];

/** What a browser needs of a notebook server's answer, but for what `decideKind` decides. */
const FROM_NOTEBOOK = new Set([
  'accept-ranges',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'etag',
  'expires',
  'last-modified',
  'retry-after',
]);

/** Of the connection, not of the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** What only the front door may say to the site, by prefix: where a request came from, and what Next's own layers tell each other. */
const OURS = /^(x-forwarded-|x-middleware-|x-invoke-|x-matched-path$|x-real-ip$|forwarded$)/;

/** Types a notebook origin's own page may be shown as from `/files`; HTML, SVG and everything unlisted is an attachment. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif|bmp)|(audio|video)\/[\w.+-]+|text\/plain)\s*(;|$)/i;

/** Headers as a flat list of names and values, which is what undici and `writeHead` take without another walk. */
export type Flat = string[];

export function headersToNotebook(from: IncomingHttpHeaders, token: string): Flat {
  const to: Flat = ['host', 'localhost', 'authorization', `token ${token}`];
  for (const name of TO_NOTEBOOK) {
    const value = from[name];
    if (typeof value === 'string') to.push(name, value);
  }
  return to;
}

export type NotebookHeaders = {
  /** For every answer on a notebook origin. */
  standing: Flat;
  /** The same for bytes a learner made, which may be anything. */
  userBytes: Flat;
  /** For an answer the site's page may read. */
  cors: Flat;
};

/** For the gateway's own answers in the site's name. One page without the process of its own would keep all later ones out of it. */
export const siteHeaders: Flat = [
  'content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'x-content-type-options', 'nosniff',
  'cross-origin-opener-policy', 'same-origin',
  'cross-origin-resource-policy', 'same-origin',
  'origin-agent-cluster', '?1',
  'referrer-policy', 'same-origin',
];

/** `'self'` lets JupyterLab show a file of its own in a frame; everybody else but the site is kept from framing. */
export function notebookHeaders(site: string): NotebookHeaders {
  const ancestors = `frame-ancestors 'self' ${site}`;
  const rest = [
    'x-content-type-options', 'nosniff',
    'cross-origin-opener-policy', 'same-origin',
    'cross-origin-resource-policy', 'same-origin',
    'origin-agent-cluster', '?1',
    'referrer-policy', 'same-origin',
    'vary', 'Origin',
  ];
  return {
    standing: ['content-security-policy', ancestors, ...rest],
    userBytes: ['content-security-policy', `sandbox; default-src 'none'; media-src 'self'; ${ancestors}`, ...rest],
    cors: ['access-control-allow-origin', site, 'access-control-allow-credentials', 'true'],
  };
}

/** Whether the path serves bytes a learner made as they are. */
export const isUserBytes = (parts: string[]): boolean => parts[0] === 'files' || parts[0] === 'nbconvert';

type Answer = { ours: NotebookHeaders; cors: boolean; userBytes: boolean; own: string };

export function headersFromNotebook(from: Record<string, string | string[] | undefined>, { ours, cors, userBytes, own }: Answer): Flat {
  const to: Flat = userBytes ? ours.userBytes.slice() : ours.standing.slice();
  if (cors) to.push(...ours.cors);
  for (const name in from) {
    const value = from[name];
    if (FROM_NOTEBOOK.has(name) && typeof value === 'string') to.push(name, value);
  }
  // Without it a browser may guess for how long an answer with a Last-Modified is good.
  if (typeof from['cache-control'] !== 'string') to.push('cache-control', 'no-cache');
  decideKind(to, from, userBytes);
  const location = typeof from.location === 'string' ? ownLocation(from.location, own) : undefined;
  if (location !== undefined) to.push('location', location);
  return to;
}

/**
 * One type and one disposition at the most. Two that contradict each other, in two headers or with a comma in one, are none:
 * each reader would choose its own. What is not surely to be shown is an attachment.
 */
function decideKind(to: Flat, { 'content-type': type, 'content-disposition': disposition }: Record<string, string | string[] | undefined>, userBytes: boolean) {
  const isOne = typeof type === 'string' && !type.includes(',');
  if (isOne) to.push('content-type', type);
  else if (type !== undefined) to.push('content-type', 'application/octet-stream');
  const isClear = typeof disposition === 'string' && /^(inline|attachment)(;|$)/i.test(disposition);
  const isShown = type === undefined ? !userBytes : isOne && (!userBytes || SHOWN.test(type));
  if (isClear && (isShown || /^a/i.test(disposition))) to.push('content-disposition', disposition);
  else if (!isShown || disposition !== undefined) to.push('content-disposition', 'attachment');
}

/** A redirect may lead to a path of the same origin and nowhere else. */
export function ownLocation(location: string, own: string): string | undefined {
  if (!URL.canParse(location, own)) return undefined;
  const url = new URL(location, own);
  // Jupyter takes the Host it was sent for its own.
  if (url.origin !== own && !(url.protocol === 'http:' && url.host === 'localhost')) return undefined;
  if (url.username || url.password) return undefined;
  // `//host/` would be a place of its own, and so would what a browser makes of a backslash.
  if (/^\/[/\\]/.test(url.pathname)) return undefined;
  return `${url.pathname}${url.search}`;
}

export type Client = { address: string; proto: string; host: string; port: string };

/** A browser's request as the site shall see it: all of it but what only the front door may say. */
export function headersToSite(raw: string[], client: Client): Flat {
  const named = connectionNames(raw);
  const to: Flat = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (HOP_BY_HOP.has(name) || OURS.test(name) || named.has(name) || name === 'expect') continue;
    to.push(raw[i]!, raw[i + 1]!);
  }
  to.push('x-forwarded-for', client.address, 'x-forwarded-proto', client.proto, 'x-forwarded-host', client.host, 'x-forwarded-port', client.port);
  return to;
}

export function headersFromSite(from: Record<string, string | string[] | undefined>): Flat {
  const to: Flat = [];
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) to.push(name, one);
  }
  return to;
}

/** Headers the client asks to be dropped on the way; never one that matters, which would be a way to have it dropped. */
function connectionNames(raw: string[]): Set<string> {
  const named = new Set<string>();
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.toLowerCase() !== 'connection') continue;
    for (const name of raw[i + 1]!.toLowerCase().split(',')) {
      if (!['cookie', 'origin', 'host', 'content-length', 'content-type', 'authorization'].includes(name.trim())) named.add(name.trim());
    }
  }
  return named;
}
