/**
 * NextAuth learns its own address from the environment or from the forwarding headers of a request. It gets headers of our
 * making only (lib/web/next-auth-call.ts), with the configured address, so it may believe them.
 */
export function trustForwardedHost(): void {
  process.env.AUTH_TRUST_HOST = 'true';
  delete process.env.NEXTAUTH_URL;
}
