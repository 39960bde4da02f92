import type { OAuthConfig } from 'next-auth/providers/oauth';
import type { Secrets } from '../config/config.ts';

/** Somebody as an issuer describes them. `verified`: the issuer itself has seen that the address is theirs. */
export type Claimed = { id: string; name?: string; email?: string; verified: boolean };

type Claims = { iss?: string; sub: string; name?: string; nickname?: string; preferred_username?: string; email?: string; email_verified?: boolean | string };
type Configured = Secrets['providers'];

/** The issuers people may sign in with, in the order of their buttons. */
export function makeProviders({ github, google, auth0, oidc }: Configured): OAuthConfig<Claims>[] {
  return [
    github && gitHub(github),
    google && openId('google', 'Google', 'https://accounts.google.com', google),
    auth0 && openId('auth0', 'Auth0', auth0.issuer, auth0),
    oidc && openId('oidc', oidc.name, oidc.issuer, oidc),
  ].filter((provider) => provider !== undefined);
}

const httpOptions = { timeout: 10_000 };

/** Any OpenID Connect issuer, found by discovery, with all three checks. */
function openId(id: string, name: string, issuer: string, client: { id: string; secret: string }): OAuthConfig<Claims> {
  return {
    id,
    name,
    type: 'oauth',
    wellKnown: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    authorization: { params: { scope: 'openid email profile' } },
    idToken: true,
    checks: ['pkce', 'state', 'nonce'],
    clientId: client.id,
    clientSecret: client.secret,
    httpOptions,
    userinfo: {
      // Issuers may keep e-mail and name out of the ID token and give them here only. The client compares `sub`.
      async request({ client: openIdClient, tokens }) {
        const claims = openIdClient.issuer.metadata.userinfo_endpoint ? await openIdClient.userinfo(tokens.access_token!) : {};
        return { ...claims, ...('claims' in tokens && typeof tokens.claims === 'function' ? tokens.claims() : {}) } as Claims;
      },
    },
    // With the issuer in it: should the setting name another issuer one day, its subjects are other people.
    profile: (claims) => profile({ id: `${claims.iss}#${claims.sub}`, name: nameOf(claims), email: claims.email, verified: claims.email_verified === true || claims.email_verified === 'true' }),
  };
}

type GitHubEmail = { email: string; primary: boolean; verified: boolean };

/** GitHub is plain OAuth 2: no ID token, and the addresses are a call of their own, the only one that says which are verified. */
function gitHub({ id, secret, url }: NonNullable<Configured['github']>): OAuthConfig<Claims> {
  const site = url.replace(/\/$/, '');
  const api = site === 'https://github.com' ? 'https://api.github.com' : `${site}/api/v3`;
  const account = (subject: string) => (site === 'https://github.com' ? subject : `${site}#${subject}`);
  return {
    id: 'github',
    name: 'GitHub',
    type: 'oauth',
    issuer: `${site}/login/oauth`,
    authorization: { url: `${site}/login/oauth/authorize`, params: { scope: 'read:user user:email' } },
    token: `${site}/login/oauth/access_token`,
    checks: ['pkce', 'state'],
    clientId: id,
    clientSecret: secret,
    httpOptions,
    userinfo: {
      url: `${api}/user`,
      async request({ tokens }) {
        const get = async (path: string): Promise<unknown> => {
          const response = await fetch(api + path, {
            headers: { authorization: `Bearer ${tokens.access_token}`, accept: 'application/vnd.github+json', 'user-agent': 'Lectern' },
            signal: AbortSignal.timeout(httpOptions.timeout),
          });
          if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${path}`);
          return response.json();
        };
        const [user, emails] = (await Promise.all([get('/user'), get('/user/emails')])) as [{ id: number; login: string; name?: string }, GitHubEmail[]];
        const primary = emails.find((email) => email.primary);
        return { sub: String(user.id), name: user.name ?? user.login, email: primary?.email, email_verified: primary?.verified };
      },
    },
    profile: (claims) => profile({ id: account(claims.sub), name: claims.name, email: claims.email, verified: claims.email_verified === true }),
  };
}

const nameOf = ({ name, nickname, preferred_username }: Claims) => name ?? nickname ?? preferred_username;

/** NextAuth's type leaves no room for `verified`; its value goes through untouched. */
const profile = (claimed: Claimed): Claimed => claimed;
