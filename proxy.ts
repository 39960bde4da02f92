import { NextResponse, type NextRequest } from 'next/server';
import { securityPolicy } from './lib/web/security-policy.ts';

/**
 * Gives each page a nonce of its own. Next puts it on its scripts, since it finds the policy in the request. Authorises
 * nothing: who may see what is asked where it is read.
 */
export function proxy(request: NextRequest) {
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString('base64');
  const policy = securityPolicy(nonce);
  const headers = new Headers(request.headers);
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  return response;
}

// Without /api: with it, Next cuts a large upload short and answers 200. /output-frame has a policy of its own.
export const config = { matcher: ['/((?!api/|output-frame|_next/static|_next/image|healthz|readyz).*)'] };
