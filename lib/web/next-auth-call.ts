import type { NextApiRequest, NextApiResponse } from 'next';
import type NextAuth from 'next-auth';
import type { NextAuthOptions } from 'next-auth';

type Call = { request: Request; action: string; provider?: string; cookies: Record<string, string>; site: URL };

const BODY_LIMIT = 16 * 1024;

/**
 * Calls NextAuth through its plain request and response interface (the other one reaches for Next's request scope). It sees
 * the method, the query, a small form, the cookies and the site's address, and none of the client's own headers.
 */
export async function callNextAuth(nextAuth: typeof NextAuth, options: NextAuthOptions, { request, action, provider, cookies, site }: Call): Promise<Response> {
  const body = request.method === 'POST' ? await readForm(request) : undefined;
  if (body === 'too large') return new Response(null, { status: 413 });
  const answer = new Answer();
  const seen = {
    method: request.method,
    query: { ...Object.fromEntries(new URL(request.url).searchParams), nextauth: provider ? [action, provider] : [action] },
    cookies,
    body,
    headers: { 'x-forwarded-host': site.host, 'x-forwarded-proto': site.protocol.slice(0, -1) },
  };
  await nextAuth(seen as unknown as NextApiRequest, answer as unknown as NextApiResponse, options);
  return answer.response();
}

/** Cookies by name; of two with one name the first counts, as everywhere. */
export function parseCookies(header: string | null): Record<string, string> {
  const pairs = (header ?? '').split(';').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())];
  });
  return Object.fromEntries(pairs.reverse());
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

async function readForm(request: Request): Promise<Record<string, string> | 'too large'> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > BODY_LIMIT) return 'too large';
    chunks.push(chunk);
  }
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
}

/** Collects what NextAuth writes to a Node response. */
class Answer {
  readonly #headers = new Map<string, string | string[]>();
  #status = 200;
  #body: string | undefined;

  status(code: number) {
    this.#status = code;
    return this;
  }
  getHeader(name: string) {
    return this.#headers.get(name.toLowerCase());
  }
  setHeader(name: string, value: string | string[]) {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }
  end() {
    return this;
  }
  json(value: unknown) {
    this.setHeader('content-type', 'application/json');
    this.#body = JSON.stringify(value);
    return this;
  }
  send(value: unknown) {
    if (typeof value === 'string') this.#body = value;
    else if (value !== undefined) this.json(value);
    return this;
  }
  response(): Response {
    const headers = new Headers({ 'cache-control': 'private, no-store' });
    for (const [name, value] of this.#headers) {
      if (Array.isArray(value)) value.forEach((one) => headers.append(name, one));
      else headers.set(name, value);
    }
    return new Response(this.#body, { status: this.#status, headers });
  }
}
