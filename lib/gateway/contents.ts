import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Arrivals, Arrived } from '../core/arrivals.ts';
import { diskIsFull, isDiskFull } from '../core/disk.ts';
import { UpstreamError, type Refusal } from '../core/errors.ts';
import { makeTurnstiles } from '../core/waiting.ts';
import type { Acted, LabSave, Place } from '../core/workspaces/lab-save.ts';
import { folderOf, nameOf, parsePath } from '../core/workspaces/path.ts';
import { answer, malformed, type Own } from './answer.ts';
import { readChunkNumber } from './chunk.ts';
import { headersFromNotebook, headersToNotebook, type NotebookHeaders } from './headers.ts';
import type { Special, Visit } from './notebook.ts';
import { makeRoom } from './room.ts';
import type { Link } from './target.ts';

/** `answerMs`: for the server, counted from the last of the body that it took. */
export type WritePatience = { answerMs: number };

type Deps = { labSave: LabSave; arrivals: Arrivals; ours: NotebookHeaders; patience: WritePatience; onError: (error: unknown) => void };

/** A notebook with its outputs is seldom longer; what is, is passed on by few at once. */
const SMALL_BYTES = 4 * 1024 * 1024;
/** Of all people: each waits for its server, a silent one for as long as our patience lasts, and holds nothing of others but this. */
const [SMALL_AT_ONCE, LARGE_AT_ONCE] = [64, 8];
/** Of one person: whose server is stuck keeps nobody else from saving. */
const [SMALL_EACH, LARGE_EACH] = [2, 1];
/** A path in JSON. */
const PATH_BYTES = 16 * 1024;
/** A model without content. */
const ANSWER_BYTES = 1024 * 1024;

type Answered = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };
type Sending = { path: string; body?: Buffer | Readable; type?: string; length?: number };

/** What a write of JupyterLab's is about. Paths are the workspace's. */
type Intent =
  | { do: 'save'; path: string; request: string }
  | { do: 'rename'; path: string; request: string }
  | { do: 'remove'; path: string; request: string }
  | { do: 'make'; request: string }
  | { do: 'checkpoint'; path: string; request: string }
  | { do: 'restore'; path: string; request: string };

/** Takes JupyterLab's writes of files, settings and layouts, and answers them when they are committed. */
export function makeContents({ labSave, arrivals, ours, patience, onError }: Deps): Special {
  const small = makeRoom(SMALL_AT_ONCE);
  const large = makeRoom(LARGE_AT_ONCE);
  const [smallEach, largeEach] = [makeTurnstiles(SMALL_EACH), makeTurnstiles(LARGE_EACH)];

  /** The whole body first: nothing of others, no turn and no lock, is held while it is awaited. */
  async function take(visit: Visit, link: Link, intent: Intent): Promise<void> {
    const person = visit.entered.asking.sub;
    const arrival = await arrivals.take(visit.request, person);
    if (arrival.state === 'cut') return void visit.response.destroy();
    if (arrival.state === 'full') return refuse(visit, tooMuch);
    if (arrival.state === 'disk') return refuse(visit, toOwn(diskIsFull));
    const { body } = arrival;
    const [each, all] = body.length <= SMALL_BYTES ? [smallEach, small] : [largeEach, large];
    try {
      await each(person, async () => {
        const give = await all.take(1);
        try {
          await perform(visit, link, intent, body);
        } finally {
          give();
        }
      });
    } finally {
      await body.close();
    }
  }

  async function perform(visit: Visit, link: Link, intent: Intent, body: Arrived) {
    const place: Place = { workspace: visit.entered.asking.wsp, access: link.access };
    let answered: Answered | undefined;
    const send = async (sending: Sending) => (answered = await ask(visit.request, link, sending, patience.answerMs));
    const act = async (sending: Sending): Promise<Acted> => toActed(await send(sending));
    const { length } = body;

    switch (intent.do) {
      case 'save': {
        const chunk = readChunkNumber();
        const saved = await labSave.save(place, intent.path, async () => {
          const acted = await act({ path: intent.request, body: streamOf(body, chunk.read), length });
          const number = chunk.found();
          return acted.state === 'done' && number !== undefined && number !== -1 ? { state: 'partial' } : acted;
        });
        return reply(visit, saved.ok ? answered! : saved.refusal);
      }
      case 'restore': {
        const saved = await labSave.save(place, intent.path, async () => ({ ...(await act({ path: intent.request, body: streamOf(body), length })), kind: 'file' }));
        return reply(visit, saved.ok ? answered! : saved.refusal);
      }
      case 'rename': {
        const to = await newPath(body);
        if (to === undefined) return refuse(visit, malformed());
        const text = Buffer.from(JSON.stringify({ path: to }));
        const renamed = await labSave.rename(place, intent.path, to, () => act({ path: intent.request, body: text, length: text.length }));
        return reply(visit, renamed.ok ? answered! : renamed.refusal);
      }
      case 'remove': {
        const removed = await labSave.remove(place, intent.path, () => act({ path: intent.request }));
        return reply(visit, removed.ok ? answered! : removed.refusal);
      }
      case 'make': {
        const acted = await act({ path: intent.request, body: streamOf(body), length });
        if (acted.state !== 'done') return reply(visit, answered!);
        const path = parsePath(String(modelOf(answered!)?.path));
        const made = path.ok ? await labSave.made(place, path.value, acted.kind ?? 'file') : path;
        return reply(visit, made.ok ? answered! : made.refusal);
      }
      case 'checkpoint': {
        const acted = await act({ path: intent.request, body: streamOf(body), length });
        if (acted.state !== 'done') return reply(visit, answered!);
        const made = await labSave.made(place, checkpointOf(intent.path), 'file');
        return reply(visit, made.ok ? answered! : made.refusal);
      }
    }
  }

  function reply({ request, response, entered, cors, own }: Visit, what: Answered | Refusal) {
    if ('code' in what) return refuse({ request, response, entered, cors, own }, toOwn(what));
    const headers = headersFromNotebook(what.headers, { ours, cors, userBytes: false, own });
    response.writeHead(what.status, [...headers, ...entered.cookie]);
    response.end(what.body);
  }

  function refuse({ request, response, entered, cors }: Pick<Visit, 'request' | 'response' | 'entered' | 'cors' | 'own'>, own: Own) {
    answer(request, response, own, [...ours.standing, ...(cors ? ours.cors : []), ...entered.cookie]);
  }

  return (visit, link) => {
    const intent = toIntent(visit);
    if (!intent) return false;
    if (intent === 'malformed') refuse(visit, malformed());
    else {
      take(visit, link, intent).catch((error: unknown) => {
        onError(error);
        refuse(visit, toOwn(isDiskFull(error) ? diskIsFull : { code: 'unavailable', say: 'This was not saved. Keep this tab open and try again in a moment.' }));
      });
    }
    return true;
  };
}

function toIntent({ request, path: { parts, query } }: Visit): Intent | 'malformed' | undefined {
  const { method = '' } = request;
  if (method === 'GET' || method === 'HEAD') return undefined;
  const lab = parts[0] === 'lab' && parts[1] === 'api' ? labFile(parts) : undefined;
  if (lab) return method === 'PUT' ? { do: 'save', path: lab, request: requestPath(parts, query) } : method === 'DELETE' ? { do: 'remove', path: lab, request: requestPath(parts, query) } : undefined;
  if (parts[0] !== 'api' || parts[1] !== 'contents') return undefined;
  const rest = parts.slice(2, parts.at(-1) === '' ? -1 : undefined);
  const at = checkpointsAt(rest);
  const isCheckpoint = at >= 0;
  const named = (isCheckpoint ? rest.slice(0, at) : rest).join('/');
  if (named === '') return method === 'POST' && !isCheckpoint ? { do: 'make', request: requestPath(['api', 'contents'], query) } : undefined;
  const parsed = parsePath(named);
  if (!parsed.ok) return 'malformed';
  const path = parsed.value;
  const to = requestPath(['api', 'contents', ...path.split('/'), ...(isCheckpoint ? rest.slice(at) : [])], query);
  if (isCheckpoint) {
    if (method === 'POST') return rest.length === at + 1 ? { do: 'checkpoint', path, request: to } : { do: 'restore', path, request: to };
    return method === 'DELETE' ? { do: 'remove', path: checkpointOf(path), request: to } : undefined;
  }
  if (rest.at(-1) === 'trust' && method === 'POST') return undefined;
  switch (method) {
    case 'PUT':
      return { do: 'save', path, request: to };
    case 'POST':
      return { do: 'make', request: to };
    case 'PATCH':
      return { do: 'rename', path, request: to };
    case 'DELETE':
      return { do: 'remove', path, request: to };
    default:
      return undefined;
  }
}

/** As Jupyter's routes have it (services/contents/handlers.py): any other name in a folder `checkpoints` is a file's. */
const checkpointsAt = (rest: string[]) => (rest.at(-1) === 'checkpoints' ? rest.length - 1 : rest.at(-2) === 'checkpoints' && /^[\w-]+$/.test(rest.at(-1)!) ? rest.length - 2 : -1);

/** The file below the home that JupyterLab keeps a setting or a layout in (k8s/images/notebook puts both there). */
function labFile([, , kind, ...name]: string[]): string | undefined {
  const id = name.join('/');
  if (kind === 'settings' && /^[^:]+:[^:/]+$/.test(id)) return safe(`.jupyter/lab/user-settings/${id.replace(':', '/')}.jupyterlab-settings`);
  return kind === 'workspaces' && /^[\w-]+$/.test(id) ? `.jupyter/lab/workspaces/${layoutName(id)}.jupyterlab-workspace` : undefined;
}

/** As `slugify` in jupyterlab_server/workspaces_handler.py, for the names JupyterLab gives. */
const layoutName = (id: string) => `${id.toLowerCase().replace(/-+/g, '-').slice(0, 103)}-${createHash('sha256').update(id).digest('hex').slice(0, 4)}`;

const safe = (path: string) => {
  const parsed = parsePath(path);
  return parsed.ok ? parsed.value : undefined;
};

const requestPath = (parts: string[], query: string) => `/${parts.map(encodeURIComponent).join('/')}${query && `?${query}`}`;

function checkpointOf(path: string): string {
  const [name, folder] = [nameOf(path), folderOf(path)];
  const dot = name.lastIndexOf('.');
  const checkpoint = dot > 0 ? `${name.slice(0, dot)}-checkpoint${name.slice(dot)}` : `${name}-checkpoint`;
  return `${folder && `${folder}/`}.ipynb_checkpoints/${checkpoint}`;
}

const streamOf = (body: Arrived, read?: (piece: Uint8Array) => void): Readable =>
  Readable.from(
    (async function* () {
      for await (const piece of body.pieces()) {
        read?.(piece);
        yield piece;
      }
    })(),
    { objectMode: false },
  );

async function newPath(body: Arrived): Promise<string | undefined> {
  if (body.length > PATH_BYTES) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of body.pieces()) pieces.push(piece);
  try {
    const { path } = JSON.parse(Buffer.concat(pieces).toString()) as { path?: unknown };
    return typeof path === 'string' ? safe(path.replace(/^\//, '')) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws UpstreamError('jupyter') when there is no whole answer */
async function ask(request: IncomingMessage, { pool, access }: Link, { path, body, length }: Sending, answerMs: number): Promise<Answered> {
  const headers = headersToNotebook(request.headers, access.secrets.token);
  for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === 'content-length') headers.splice(i, 2);
  if (body !== undefined && length !== undefined) headers.push('content-length', String(length));
  try {
    const answered = await pool.request({ method: request.method as Dispatcher.HttpMethod, path, headers, body: length === 0 ? undefined : body, headersTimeout: answerMs });
    return { status: answered.statusCode, headers: answered.headers, body: await limited(answered.body) };
  } catch (cause) {
    throw new UpstreamError('jupyter', 'pass a write on', cause);
  }
}

async function limited(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > ANSWER_BYTES) throw new Error('an answer to a write that has content');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function toActed(answered: Answered): Acted {
  if (answered.status < 200 || answered.status >= 300) return { state: 'failed' };
  return { state: 'done', kind: modelOf(answered)?.type === 'directory' ? 'directory' : 'file' };
}

function modelOf({ body }: Answered): { path?: unknown; type?: unknown } | undefined {
  try {
    return JSON.parse(body.toString()) as { path?: unknown; type?: unknown };
  } catch {
    return undefined;
  }
}

const tooMuch: Own = { status: 429, code: 'throttled', say: 'Too much is being saved at once. Wait for the other saves, then save again.', retryS: 5 };

const statuses: Record<Refusal['code'], number> = {
  not_found: 404, unauthenticated: 403, forbidden: 403, invalid: 400, stale: 409, locked: 409, throttled: 429, too_large: 413, quota: 507, disk_full: 507, unavailable: 503,
};

const toOwn = ({ code, say }: Refusal): Own => ({ status: statuses[code], code, say });
