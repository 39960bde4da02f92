import NextAuth, { type NextAuthOptions } from 'next-auth';
import { trustForwardedHost } from '../config/next-auth.ts';
import { cookieNames, cookieOptions } from '../core/auth/cookies.ts';
import { nextPath } from '../core/auth/next-path.ts';
import { sessionOf } from '../core/auth/session-of.ts';
import type { SessionId, UserId } from '../core/ids.ts';
import type { Actor } from '../core/users/actor.ts';
import { normalEmail } from '../core/users/email.ts';
import { SESSION_MS } from '../core/users/sessions.ts';
import { refuseEntry } from '../core/users/sign-in.ts';
import { mayJoin } from '../core/users/sign-up.ts';
import type { SiteHub } from '../hub.ts';
import { callNextAuth, parseCookies } from './next-auth-call.ts';
import { isSameOrigin } from './origin.ts';
import { makeProviders, type Claimed } from './providers.ts';
import { refusalResponse } from './respond.ts';
import { openSession, sealSession, type SessionClaims } from './session-cookie.ts';

/** What of NextAuth is reachable. Its pages are ours, its log sink and its e-mail and password ways are not used. */
const ACTIONS = { GET: ['csrf', 'providers', 'session', 'callback', 'error', 'signin'], POST: ['signin', 'signout', 'callback'] } as const;

/**
 * NextAuth as a function of a request. Its own address is the configured one, whatever Host or X-Forwarded-Host say, and
 * each POST must come from a page of this site.
 */
export function makeAuth(hub: SiteHub) {
  trustForwardedHost();
  const providers = makeProviders(hub.secrets.providers);

  return async (request: Request): Promise<Response> => {
    const [action = '', provider] = new URL(request.url).pathname.split('/').slice(3);
    const allowed: readonly string[] = request.method === 'POST' ? ACTIONS.POST : request.method === 'GET' ? ACTIONS.GET : [];
    if (!allowed.includes(action)) return refusalResponse({ code: 'not_found', say: 'There is nothing at this address.' });
    if (request.method === 'POST' && !isSameOrigin(request.headers.get('origin'), hub.config.site)) {
      return refusalResponse({ code: 'forbidden', say: 'This request did not come from this site.' });
    }
    const cookies = parseCookies(request.headers.get('cookie'));
    const session = sessionOf(request.headers.get('cookie'));
    // NextAuth reads the cookies by itself, and links accounts by what it finds.
    if (!session) delete cookies[cookieNames.sessionToken];
    const claims = await openSession(session, hub.secrets.keys);
    const actor = claims && (await hub.sessions.actor(claims.sid));
    const options = { ...optionsFor(hub, actor, request.headers.get('user-agent') ?? undefined), providers };
    return callNextAuth(NextAuth, options, { request, action, provider, cookies, site: hub.config.site });
  };
}

/** NextAuth's options for one request of whoever is signed in already. */
function optionsFor(hub: SiteHub, actor: Actor | undefined, userAgent: string | undefined): Omit<NextAuthOptions, 'providers'> {
  const { config, secrets, log, people, sessions, membership } = hub;
  const page = (error: string) => new URL(`${actor ? '/account' : '/sign-in'}?error=${error}`, config.site).href;

  return {
    adapter: hub.nextAuthAdapter,
    secret: secrets.keys[0]!.nextAuth,
    session: { strategy: 'jwt', maxAge: SESSION_MS / 1000 },
    useSecureCookies: true,
    cookies: Object.fromEntries(Object.entries(cookieNames).map(([key, name]) => [key, { name, options: cookieOptions }])),
    pages: { signIn: '/sign-in', error: '/sign-in', signOut: '/' },
    jwt: {
      maxAge: SESSION_MS / 1000,
      encode: ({ token }) => sealSession(token as SessionClaims, secrets.keys),
      // A cookie whose row has ended is no cookie: nothing may be linked or read with it.
      async decode({ token }) {
        const claims = await openSession(token, secrets.keys);
        return claims && (await sessions.actor(claims.sid)) ? claims : null;
      },
    },
    callbacks: {
      async signIn({ user, account }) {
        const known = account && (await hub.nextAuthAdapter.getUserByAccount!({ provider: account.provider, providerAccountId: account.providerAccountId }));
        if (known) {
          const person = await people.byId(known.id as UserId);
          return person && !refuseEntry(person, config.signUp) ? true : page('Refused');
        }
        // Somebody who is signed in connects one more account of theirs.
        if (actor) return true;
        const claimed = user as unknown as Claimed;
        const email = normalEmail(claimed.email);
        if (!email || !claimed.verified) return page('Unverified');
        // The same address at another issuer may be another person: the owner signs in first and connects it.
        if (await people.byEmail(email)) return page('OAuthAccountNotLinked');
        return (await mayJoin(email, { people, signUp: config.signUp })) ? true : page('Closed');
      },
      async jwt({ token, user }) {
        if (!user) return token;
        const id = user.id as UserId;
        if (actor?.id === id) return { sub: id, sid: actor.session };
        return { sub: id, sid: await sessions.start(id, { lastsMs: SESSION_MS, userAgent }) };
      },
      async session({ session, token }) {
        const person = await sessions.actor(token.sid as SessionId);
        return { expires: session.expires, user: person && { name: person.name, email: person.email } };
      },
      redirect: ({ url, baseUrl }) => baseUrl + nextPath(url.startsWith(`${baseUrl}/`) ? url.slice(baseUrl.length) : url),
    },
    events: {
      async signOut({ token }) {
        if (token?.sid) await membership.signOut({ id: token.sub as UserId, session: token.sid as SessionId });
      },
    },
    logger: {
      // Messages only, and short: what an issuer answered may hold codes and tokens.
      error: (code, metadata) => log.warn({ code, reason: reasonOf(metadata) }, 'sign-in elsewhere failed'),
      warn: (code) => log.debug({ code }, 'NextAuth'),
      debug: () => undefined,
    },
  };
}

function reasonOf(metadata: unknown): string {
  const error = metadata instanceof Error ? metadata : (metadata as { error?: Error }).error;
  return `${error?.name}: ${error?.message}`.replaceAll(/[\w-]{40,}/g, '…').slice(0, 200);
}
