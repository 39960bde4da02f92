import { Agent } from 'undici';

export type Asked = { method?: 'GET' | 'POST' | 'PUT' | 'DELETE'; headers?: Record<string, string>; body?: string | Buffer; withinMs?: number };
export type Answered = { status: number; headers: Record<string, string | string[] | undefined>; text: string };

/** As long as a browser would be looked at before its owner reloads the page. */
const WITHIN_MS = 60_000;

/**
 * The front door of a site on this machine, as browsers go through it: by name, though Node resolves no *.localhost, and over
 * connections that are used again.
 */
export function makeDoor(site: string) {
  const { host, port } = new URL(site);
  const agent = new Agent({ connections: 256, pipelining: 1, bodyTimeout: WITHIN_MS, headersTimeout: WITHIN_MS });
  return {
    site,
    host,
    port: Number(port),
    /** @returns undefined when no whole answer came: nobody knows then what was done */
    async ask(at: string, { method = 'GET', headers = {}, body, withinMs = WITHIN_MS }: Asked = {}): Promise<Answered | undefined> {
      const url = new URL(at, site);
      try {
        const answered = await agent.request({ origin: `http://127.0.0.1:${port}`, path: url.pathname + url.search, method, headers: { ...headers, host: url.host }, body, signal: AbortSignal.timeout(withinMs) });
        return { status: answered.statusCode, headers: answered.headers, text: await answered.body.text() };
      } catch {
        return undefined;
      }
    },
    /** Reads a stream until it ends or the reader leaves. */
    async hear(at: string, headers: Record<string, string>, signal: AbortSignal): Promise<void> {
      const own = new Agent({ bodyTimeout: 0 });
      try {
        const { body } = await own.request({ origin: `http://127.0.0.1:${port}`, path: at, method: 'GET', headers: { ...headers, host }, signal });
        for await (const piece of body) void piece;
      } catch {
        // Gone, on one side or the other.
      } finally {
        await own.destroy();
      }
    },
    close: () => agent.destroy(),
  };
}

export type Door = ReturnType<typeof makeDoor>;
