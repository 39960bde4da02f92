import { NextResponse, type NextRequest } from 'next/server';
import { pageHeaders } from './lib/web/security-policy.ts';

/**
 * Gives each page a nonce of its own. Next puts it on its scripts, since it finds the policy in the request. Authorises
 * nothing: who may see what is asked where it is read.
 */
export function proxy(request: NextRequest) {
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64');
  const added = pageHeaders(nonce);
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', added['content-security-policy']!);
  return NextResponse.next({ request: { headers }, headers: added });
}

// Without /api: with it, Next cuts a large upload short and answers 200. /output-frame has a policy of its own.
export const config = { matcher: ['/((?!api/|output-frame|_next/static|_next/image|healthz|readyz).*)'] };
