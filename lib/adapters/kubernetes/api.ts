import { Agent, type Dispatcher } from 'undici';
import { UpstreamError } from '../../core/errors.ts';
import { makeTurnstile, pause } from '../../core/waiting.ts';
import type { Credentials, CredentialSource } from './credentials.ts';

type Asked = { query?: Record<string, string>; body?: unknown; type?: string };
/** An answer that is no success. `said` is the server's own text, for the log. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(status: number, reason: string, said: string, retryAfterMs: number) {
    super(`${status} ${reason}: ${said.slice(0, 300)}`);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export type Api = ReturnType<typeof makeApi>;
export type ApiTimes = { /** One request. */ answerMs: number; /** All tries together: less than the controller's own patience. */ patienceMs: number; backOffMs: { first: number; most: number } };
export const apiTimes: ApiTimes = { answerMs: 15_000, patienceMs: 45_000, backOffMs: { first: 300, most: 10_000 } };

/** Requests at once. The API server shares itself out fairly, but queues no more than some hundreds for one client. */
const AT_ONCE = 32;

/** Half of it at least, and the rest by chance, so that many clients do not come back together. */
export const backOff = (times: number, { first, most }: { first: number; most: number }) => Math.min(first * 2 ** times, most) * (0.5 + Math.random() / 2);

/** The few calls we need of the Kubernetes API, over HTTP as it is: see lib/decisions/kubernetes-by-hand.md. */
export function makeApi(credentials: CredentialSource, times = apiTimes) {
  const turn = makeTurnstile(AT_ONCE);
  const ending = new AbortController();
  let holdUntil = 0;
  let line: { tls: string; agent: Agent } | undefined;

  function agentFor({ tls }: Credentials): Agent {
    const key = JSON.stringify(tls);
    if (line?.tls === key) return line.agent;
    void line?.agent.close();
    line = { tls: key, agent: new Agent({ connections: 2 * AT_ONCE, keepAliveTimeout: 30_000, connect: { timeout: 10_000, ...tls } }) };
    return line.agent;
  }

  async function once(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, { query = {}, body, type = 'application/json' }: Asked, limits: { signal: AbortSignal; bodyTimeout: number }): Promise<Dispatcher.ResponseData> {
    for (const afresh of [false, true]) {
      const with_ = await credentials(afresh);
      const url = new URL(path, with_.server.endsWith('/') ? with_.server : `${with_.server}/`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const reply = await agentFor(with_).request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: { accept: 'application/json', 'user-agent': 'lectern', ...with_.headers, ...(body === undefined ? {} : { 'content-type': type }) },
        headersTimeout: times.answerMs,
        ...limits,
      });
      if (reply.statusCode < 300) return reply;
      const refused = await readRefusal(reply);
      // A token that has expired: the file holds a newer one.
      if (refused.status !== 401 || afresh) throw refused;
    }
    throw new Error('unreachable');
  }

  return {
    /**
     * Asks until there is an answer that counts: what is down, busy or out of breath is asked again, later each time.
     * @throws Refused with what the server thinks of the request; UpstreamError when nothing came in time
     */
    async call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, asked: Asked = {}): Promise<T> {
      const deadline = performance.now() + times.patienceMs;
      for (let tries = 0; ; tries++) {
        await pause(Math.max(0, holdUntil - performance.now()), ending.signal);
        try {
          return await turn(async () => {
            const reply = await once(method, path, asked, { signal: AbortSignal.any([ending.signal, AbortSignal.timeout(times.answerMs)]), bodyTimeout: times.answerMs });
            return (await reply.body.json()) as T;
          });
        } catch (error) {
          if (error instanceof Refused && !mayPass(method, error)) throw error;
          const wait = Math.max(backOff(tries, times.backOffMs), error instanceof Refused ? error.retryAfterMs : 0);
          // The others would only be told the same.
          if (error instanceof Refused && error.retryAfterMs > 0) holdUntil = Math.max(holdUntil, performance.now() + error.retryAfterMs);
          if (ending.signal.aborted || performance.now() + wait > deadline) throw new UpstreamError('cluster', `${method} ${path}`, error);
          await pause(wait, ending.signal);
        }
      }
    },

    /**
     * Opens a stream and answers its body, which ends with the signal. No second try, and no limit to how long nothing comes.
     * @throws Refused, or what went wrong on the way
     */
    async stream(path: string, query: Record<string, string>, signal: AbortSignal): Promise<Dispatcher.ResponseData['body']> {
      return (await once('GET', path, { query }, { signal: AbortSignal.any([signal, ending.signal]), bodyTimeout: 0 })).body;
    },

    async close(): Promise<void> {
      ending.abort();
      await line?.agent.destroy();
    },
  };
}

/** Whether the same request may be answered otherwise in a moment. A create can lose a race for its quota, which is a conflict, too. */
const mayPass = (method: string, { status, reason }: Refused) => status === 429 || status >= 500 || status === 401 || (method === 'POST' && reason === 'Conflict');

async function readRefusal(reply: Dispatcher.ResponseData): Promise<Refused> {
  const text = await reply.body.text().catch(() => '');
  const header = Number(reply.headers['retry-after']);
  let said: { reason?: string; message?: string } = {};
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    // A proxy in between speaks its own language.
  }
  return new Refused(reply.statusCode, said.reason ?? '', said.message ?? text, Number.isFinite(header) ? header * 1000 : 0);
}
