import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Answered, BrokenProtocol, UpstreamError } from '../../core/errors.ts';
import { LargerThanAsked, type Access, type Jupyter, type ServerEvent } from '../../core/servers/jupyter.ts';
import { makeAgents, parsed, type Agents } from './agents.ts';
import { lines } from './lines.ts';
import { makePace } from '../../core/pace.ts';
import { packed } from './packed.ts';
import { Event, FileHead, Identity, Listed, Opened, PutBackSaid, Removed, replyBytes, Status } from './replies.ts';
import { verified } from './verified.ts';

export type JupyterClient = Jupyter & { /** Ends every connection. */ close(): Promise<void> };

/** Locks of the files are held meanwhile. The way of the bytes to it is not counted, unless it takes them at a crawl. */
const PUT_BACK_MS = 30_000;
/** Walks and hashes a whole disk, or makes a kernel, on a machine where much else runs. */
const LONG_MS = 120_000;

/** Events a second of one server, and after a quiet time. Twenty kernels that end an execution as often as they tell of it come to 400. */
const EVENTS = { perSecond: 50, burst: 500 };

/** The notebook environment's extension over HTTP, on a unix socket or a host and port. */
export function makeJupyter(): JupyterClient {
  const agents = makeAgents();
  return {
    prove: (access) => prove(agents, access),

    putBack: (access, files) =>
      agents.answer(access, 'put back files', 'POST', '/lectern/put-back', PutBackSaid, replyBytes.putBack, { body: packed(files), type: 'application/x-tar', patienceMs: PUT_BACK_MS }),

    async remove(access, paths) {
      await agents.answer(access, 'remove files', 'POST', '/lectern/remove', Removed, replyBytes.removed, { body: JSON.stringify({ paths }) });
    },

    list: (access) => agents.answer(access, 'list files', 'GET', '/lectern/files', Listed, replyBytes.listing, { patienceMs: LONG_MS }),

    async read(access, path, mostBytes) {
      const { status, headers, body, deadline } = await agents.ask(access, 'read a file', 'GET', `/lectern/files?path=${encodeURIComponent(path)}`, { absent: 404, patienceMs: LONG_MS });
      const leave = () => {
        deadline.end();
        // Not read on: it may be without an end.
        body.on('error', () => undefined).destroy();
      };
      if (status === 404) return void leave();
      const head = FileHead.safeParse({ size: headers['content-length'], sha256: headers['x-lectern-sha256'] });
      if (!head.success) {
        leave();
        throw new BrokenProtocol('read a file', 'its size or hash is none');
      }
      const { size, sha256 } = head.data;
      if (size > mostBytes) {
        leave();
        throw new LargerThanAsked(size);
      }
      return { size, sha256, bytes: verified(body, { size, sha256 }, deadline) };
    },

    openSession: (access, path) => agents.answer(access, 'open a session', 'POST', '/lectern/open', Opened, replyBytes.open, { body: JSON.stringify({ path }), patienceMs: LONG_MS }),

    status: (access) => agents.answer(access, 'ask for the status', 'GET', '/lectern/status', Status, replyBytes.status, { alone: true }),

    events: (access, signal) => events(agents, access, signal),
    close: () => agents.close(),
  };
}

async function prove(agents: Agents, access: Access) {
  const nonce = randomBytes(16).toString('hex');
  const { id, generation } = access.ref;
  try {
    const said = await agents.answer(access, 'prove identity', 'GET', `/lectern/identity?nonce=${nonce}`, Identity, replyBytes.identity, { withToken: false, patienceMs: 3000 });
    const proof = createHmac('sha256', access.secrets.identityKey).update(`${nonce}:${id}:${generation}`).digest();
    return timingSafeEqual(Buffer.from(said.proof, 'hex'), proof) ? 'proven' : 'other';
  } catch (error) {
    // Something answered, but not as our extension does.
    return error instanceof Answered || error instanceof BrokenProtocol ? 'other' : 'absent';
  }
}

async function* events(agents: Agents, access: Access, signal: AbortSignal): AsyncIterable<ServerEvent> {
  // The server sends an empty line at least every 15 s; three missing ones mean that nobody is there.
  const { body } = await agents.ask(access, 'listen to events', 'GET', '/lectern/events', { signal, patienceMs: 45_000, alone: true, lasting: true });
  const pace = makePace(EVENTS.perSecond, EVENTS.burst);
  try {
    for await (const line of lines(body, replyBytes.eventLine, 'listen to events')) {
      await pace(signal);
      if (signal.aborted) return;
      if (line) yield parsed('listen to events', line, Event);
    }
  } catch (cause) {
    if (signal.aborted) return;
    throw cause instanceof UpstreamError ? cause : new UpstreamError('jupyter', 'listen to events', cause);
  }
}
