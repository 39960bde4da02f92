type Handler = (request: Request) => Promise<Response>;
type Sent = { url: URL; method: string; status: number; cookies: string[] };

/**
 * A browser without a screen: keeps cookies by host, follows redirects one by one, and hands requests for the site to its
 * handler. Everything else is fetched from loopback.
 */
export class Browser {
  readonly log: Sent[] = [];
  readonly #jars = new Map<string, Map<string, string>>();
  readonly #site: URL;
  readonly #handle: Handler;

  constructor(site: URL, handle: Handler) {
    this.#site = site;
    this.#handle = handle;
  }

  /** The cookies it has for a host, to look at or to meddle with. */
  jar(host = this.#site.host): Map<string, string> {
    return this.#jars.get(host) ?? this.#jars.set(host, new Map()).get(host)!;
  }

  /** One request, no redirects. */
  async request(address: string | URL, init: RequestInit = {}): Promise<Response> {
    const url = new URL(address, this.#site);
    const jar = this.jar(url.host);
    const headers = new Headers(init.headers);
    if (jar.size) headers.set('cookie', [...jar].map((pair) => pair.join('=')).join('; '));
    const request = new Request(url, { ...init, headers, redirect: 'manual' });
    const response = url.host === this.#site.host ? await this.#handle(request) : await fetch(request);
    const cookies = response.headers.getSetCookie();
    for (const cookie of cookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (!value || /Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(cookie)) jar.delete(name!);
      else jar.set(name!, value);
    }
    this.log.push({ url, method: request.method, status: response.status, cookies });
    return response;
  }

  /** A request and its redirects; stops before an address for which `until` holds, or where nothing redirects. */
  async visit(address: string | URL, init: RequestInit = {}, until: (url: URL) => boolean = () => false): Promise<{ url: URL; response?: Response }> {
    let url = new URL(address, this.#site);
    let response = await this.request(url, init);
    for (let hops = 0; hops < 20; hops += 1) {
      const location = response.headers.get('location');
      if (!location) return { url, response };
      url = new URL(location, url);
      // Pages of the site are not NextAuth's: where it leads is all we want to know.
      if (until(url) || (url.host === this.#site.host && !url.pathname.startsWith('/api/auth/'))) return { url };
      response = await this.request(url);
    }
    throw new Error('too many redirects');
  }

  /** Sends the form of a page with what was typed. */
  async submit(page: { url: URL; response?: Response }, typed: Record<string, string>, until?: (url: URL) => boolean) {
    const html = await page.response!.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(html)![1]!;
    const hidden = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name!, value!]);
    return this.visit(new URL(action, page.url), { method: 'POST', body: new URLSearchParams([...hidden, ...Object.entries(typed)]) }, until);
  }

  /** What the sign-in page's button does: from NextAuth's CSRF token to the issuer's first address. */
  async startSignIn(provider: string, callbackUrl = '/courses', headers: Record<string, string> = {}): Promise<URL> {
    const { csrfToken } = (await (await this.request('/api/auth/csrf', { headers })).json()) as { csrfToken: string };
    const response = await this.request(`/api/auth/signin/${provider}`, {
      method: 'POST',
      headers: { origin: this.#site.origin, ...headers },
      body: new URLSearchParams({ csrfToken, callbackUrl, json: 'true' }),
    });
    return new URL(((await response.json()) as { url: string }).url);
  }

  /** Signs in at a real issuer and comes back to the site. @param until see `visit` */
  async signInAt(provider: string, login: string, options: { callbackUrl?: string; until?: (url: URL) => boolean } = {}): Promise<URL> {
    const loginPage = await this.visit(await this.startSignIn(provider, options.callbackUrl));
    const consentPage = await this.submit(loginPage, { login, password: 'any' }, options.until);
    if (!consentPage.response) return consentPage.url;
    return (await this.submit(consentPage, {}, options.until)).url;
  }
}
