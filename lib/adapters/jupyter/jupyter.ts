import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { UpstreamError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { Access, Jupyter, Listing, PutBackResult, ServerEvent, ServerStatus } from '../../core/servers/jupyter.ts';
import { makeAgents, type Agents } from './agents.ts';
import { packed } from './packed.ts';
import { verified } from './verified.ts';

export type JupyterClient = Jupyter & { /** Ends every connection. */ close(): Promise<void> };

/** Locks of the files are held meanwhile. What counts is the time without a sign from the server, not the way of the bytes to it. */
const PUT_BACK_MS = 30_000;

/** The notebook environment's extension over HTTP, on a unix socket or a host and port. */
export function makeJupyter(): JupyterClient {
  const agents = makeAgents();
  return {
    prove: (access) => prove(agents, access),

    async putBack(access, files) {
      const reply = await agents.ask(access, 'put back files', 'POST', '/lectern/put-back', { body: Readable.from(packed(files)), type: 'application/x-tar', patienceMs: PUT_BACK_MS });
      const { written, refused } = (await reply.body.json()) as { written: Record<string, Sha256>; refused: PutBackResult['refused'] };
      return { written: new Map(Object.entries(written)), refused };
    },

    async remove(access, paths) {
      const reply = await agents.ask(access, 'remove files', 'POST', '/lectern/remove', { body: JSON.stringify({ paths }) });
      await reply.body.dump();
    },

    async list(access) {
      const reply = await agents.ask(access, 'list files', 'GET', '/lectern/files', { patienceMs: 120_000 });
      return (await reply.body.json()) as Listing;
    },

    async read(access, path) {
      const reply = await agents.ask(access, 'read a file', 'GET', `/lectern/files?path=${encodeURIComponent(path)}`, { absent: 404, patienceMs: 120_000 });
      if (reply.statusCode === 404) {
        await reply.body.dump();
        return undefined;
      }
      const sha256 = String(reply.headers['x-lectern-sha256']) as Sha256;
      const size = Number(reply.headers['content-length']);
      return { size, sha256, bytes: verified(reply.body, sha256) };
    },

    async openSession(access, path) {
      const reply = await agents.ask(access, 'open a session', 'POST', '/lectern/open', { body: JSON.stringify({ path }), patienceMs: 120_000 });
      return (await reply.body.json()) as { sessionId: string; kernelId: string };
    },

    async status(access) {
      const reply = await agents.ask(access, 'ask for the status', 'GET', '/lectern/status', { alone: true });
      return (await reply.body.json()) as ServerStatus;
    },

    events: (access, signal) => events(agents, access, signal),
    close: () => agents.close(),
  };
}

async function prove(agents: Agents, access: Access) {
  const nonce = randomBytes(16).toString('hex');
  const { id, generation } = access.ref;
  try {
    const reply = await agents.ask(access, 'prove identity', 'GET', `/lectern/identity?nonce=${nonce}`, { withToken: false, patienceMs: 3000 });
    const said = (await reply.body.json()) as { proof?: unknown };
    const proof = createHmac('sha256', access.secrets.identityKey).update(`${nonce}:${id}:${generation}`).digest();
    const given = Buffer.from(String(said.proof), 'hex');
    return given.length === proof.length && timingSafeEqual(given, proof) ? 'proven' : 'other';
  } catch (error) {
    // Something answered, but not as our extension does.
    return error instanceof UpstreamError && error.message.includes('answered') ? 'other' : 'absent';
  }
}

async function* events(agents: Agents, access: Access, signal: AbortSignal): AsyncIterable<ServerEvent> {
  // The server sends an empty line at least every 15 s; three missing ones mean that nobody is there.
  const reply = await agents.ask(access, 'listen to events', 'GET', '/lectern/events', { signal, patienceMs: 45_000, alone: true });
  let rest = '';
  try {
    for await (const chunk of reply.body.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) yield JSON.parse(line) as ServerEvent;
    }
  } catch (cause) {
    if (!signal.aborted) throw new UpstreamError('jupyter', 'listen to events', cause);
  }
}
