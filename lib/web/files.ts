import { z } from 'zod';
import type { Arrivals, Arrived } from '../core/arrivals.ts';
import { diskIsFull } from '../core/disk.ts';
import { refuse, type Outcome, type Refusal } from '../core/errors.ts';
import type { Sha256, WorkspaceId } from '../core/ids.ts';
import { tooMany, type Leave } from '../core/shares.ts';
import { token } from '../core/text.ts';
import type { Actor } from '../core/users/actor.ts';
import type { Files } from '../core/workspaces/files.ts';
import { userBytesHeaders } from './files-headers.ts';
import { jsonBody } from './open.ts';
import { paced, turnOf } from './paced.ts';
import { refusalResponse, respond } from './respond.ts';

type Hub = { files: Files };

/**
 * The path a request names after `/files/`, decoded once. A slash that was sent encoded would read as a folder only after
 * decoding; it is refused, and so is what does not decode.
 */
export function pathOf(request: Request): string | undefined {
  const [, encoded] = /^\/api\/workspaces\/[^/]+\/files\/(.+)$/.exec(new URL(request.url).pathname) ?? [];
  try {
    const names = encoded?.split('/').map(decodeURIComponent);
    return names?.some((name) => name.includes('/')) ? undefined : names?.join('/');
  } catch {
    return undefined;
  }
}

const badPath = refusalResponse.bind(undefined, { code: 'invalid', say: 'That is no path of a file.' });

export async function getFile({ files }: Hub, actor: Actor, workspace: WorkspaceId, request: Request): Promise<Response> {
  const path = pathOf(request);
  if (path === undefined) return badPath();
  return paced(actor, 'file', () => fileResponse(files, actor, workspace, path, request));
}

async function fileResponse(files: Files, actor: Actor, workspace: WorkspaceId, path: string, request: Request): Promise<Response> {
  const found = await files.read(actor, workspace, path);
  if (!found.ok) return refusalResponse(found.refusal);
  const { file, bytes } = found.value;
  const headers = { ...userBytesHeaders(file.path), etag: `"${file.revision}"`, 'cache-control': 'private, no-cache' };
  if (request.headers.get('if-none-match') === headers.etag) return new Response(null, { status: 304, headers });
  return new Response(streamOf(bytes), { headers: { ...headers, 'content-length': String(file.size) } });
}

export async function putFile(hub: Hub & { arrivals: Arrivals }, actor: Actor, workspace: WorkspaceId, request: Request): Promise<Response> {
  const path = pathOf(request);
  if (path === undefined) return badPath();
  const revision = revisionOf(request.headers.get('if-match'));
  if (revision === undefined) return refusalResponse({ code: 'invalid', say: 'A save says which revision it is based on (If-Match).' });
  const declared = declaredBy(request.headers);
  if (!declared.ok) return refusalResponse(declared.refusal);
  const arriving = arrive(hub.arrivals, actor, request);
  try {
    const saved = await hub.files.save(actor, workspace, path, { bytes: arriving.bytes, declared: declared.value }, revision);
    const refused = arriving.refused();
    if (refused) return refusalResponse(refused);
    return respond(saved, saved.ok ? { headers: { etag: `"${saved.value.revision}"` } } : undefined);
  } finally {
    await arriving.close();
  }
}

/**
 * The body, once all of it is here and it is this person's turn: until then it lies beside memory and holds nothing. It is
 * not read at all unless somebody wants the bytes.
 */
function arrive(arrivals: Arrivals, actor: Actor, request: Request) {
  let [body, leave, refused]: [Arrived?, Leave?, Refusal?] = [];
  async function* bytes() {
    const arrival = await arrivals.take(bytesOf(request.body), actor.id);
    if (arrival.state === 'here') ({ body } = arrival);
    leave = body && (await turnOf(actor, 'save'));
    if (arrival.state === 'disk') refused = diskIsFull;
    else if (arrival.state === 'full' || (body && !leave)) refused = tooMany;
    if (!body || !leave) throw new Error(`a body was not taken in: ${arrival.state}`);
    yield* body.pieces();
  }
  return {
    bytes: bytes(),
    refused: () => refused,
    async close() {
      leave?.();
      await body?.close();
    },
  };
}

export async function deleteFile({ files }: Hub, actor: Actor, workspace: WorkspaceId, request: Request): Promise<Response> {
  const path = pathOf(request);
  return path === undefined ? badPath() : respond(await files.remove(actor, workspace, path));
}

export const listFiles = async ({ files }: Hub, actor: Actor, workspace: WorkspaceId): Promise<Response> =>
  paced(actor, 'file', async () => respond(await files.list(actor, workspace), { headers: { 'cache-control': 'private, no-store' } }));

const Editor = z.object({ path: token(1_024), editor: z.enum(['page', 'lab']) });

export async function postEditor({ files }: Hub, actor: Actor, workspace: WorkspaceId, request: Request): Promise<Response> {
  const body = await jsonBody(request, Editor);
  return body.ok ? respond(await files.setEditor(actor, workspace, body.value.path, body.value.editor)) : refusalResponse(body.refusal);
}

const revisionOf = (ifMatch: string | null): number | undefined => {
  const [, digits] = /^"(\d{1,9})"$/.exec(ifMatch ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/** A body that says neither its length nor its hash could be cut short and nobody would know. */
function declaredBy(headers: Headers): Outcome<{ length?: number; sha256?: Sha256 }> {
  const length = /^\d{1,15}$/.exec(headers.get('content-length') ?? '')?.[0];
  const digest = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(headers.get('content-digest') ?? '')?.[1];
  if (length === undefined && digest === undefined) return refuse({ code: 'invalid', say: 'An upload says its length (Content-Length) or its hash (Content-Digest).' });
  return {
    ok: true,
    value: { ...(length !== undefined && { length: Number(length) }), ...(digest !== undefined && { sha256: Buffer.from(digest, 'base64').toString('hex') as Sha256 }) },
  };
}

/** A request's body; nothing when it has none. */
export async function* bytesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body) yield* body;
}

/** Bytes as a response's body; the source is closed when the reader leaves. */
export function streamOf(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await source.return?.()),
  });
}
