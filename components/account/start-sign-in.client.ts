'use client';

/** Asks NextAuth where a sign-in elsewhere begins. @returns the issuer's address, or undefined when it cannot be had */
export async function startSignIn(provider: string, callbackUrl: string): Promise<string | undefined> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string };
  const response = await fetch(`/api/auth/signin/${encodeURIComponent(provider)}`, {
    method: 'POST',
    body: new URLSearchParams({ csrfToken, callbackUrl, json: 'true' }),
  });
  const { url } = (await response.json()) as { url?: string };
  return response.ok ? url : undefined;
}
