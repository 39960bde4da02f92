import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import Provider from 'oidc-provider';

export type Identity = { name?: string; email?: string; email_verified?: boolean };

/** A real OpenID Connect issuer on loopback. `people` may be changed at any time; the key is what is typed into its login form. */
export type Issuer = { url: string; people: Map<string, Identity>; close(): Promise<void> };

export const client = { id: 'lectern', secret: 'the secret of the client at this issuer' };

/** @param redirect where its one client may be sent back to */
export async function startIssuer(redirect: string): Promise<Issuer> {
  let listener: RequestListener = () => undefined;
  const { server, url, close } = await listen((request, response) => listener(request, response));
  const people = new Map<string, Identity>();
  const provider = new Provider(url, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'] }],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    findAccount: (_: unknown, id: string) => people.has(id) && { accountId: id, claims: () => ({ sub: id, ...people.get(id) }) },
  });
  listener = provider.callback();
  server.unref();
  return { url, people, close };
}

export type GitHubStandIn = {
  url: string;
  /** What the next sign-in finds. */
  user: { id: number; login: string; name?: string };
  emails: { email: string; primary: boolean; verified: boolean }[];
  close(): Promise<void>;
};

/** What a sign-in asks of GitHub: the token for a code, and then the user and the addresses. It lets everybody in at once. */
export async function startGitHub(): Promise<GitHubStandIn> {
  const state: Pick<GitHubStandIn, 'user' | 'emails'> = { user: { id: 1, login: 'nobody' }, emails: [] };
  const { url, close } = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://github');
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    const signedIn = request.headers.authorization === 'Bearer gho_token';
    if (pathname === '/login/oauth/authorize') {
      const back = new URL(searchParams.get('redirect_uri')!);
      back.search = new URLSearchParams({ code: 'one', state: searchParams.get('state')!, iss: `${url}/login/oauth` }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else if (pathname === '/login/oauth/access_token') json({ access_token: 'gho_token', token_type: 'bearer', scope: 'read:user,user:email' });
    else if (pathname === '/api/v3/user' && signedIn) json(state.user);
    else if (pathname === '/api/v3/user/emails' && signedIn) json(state.emails);
    else response.writeHead(404).end();
  });
  return Object.assign(state, { url, close });
}

async function listen(listener: RequestListener): Promise<{ server: Server; url: string; close(): Promise<void> }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
