import type { LessonId, ServerId } from '../../../lib/core/ids.ts';
import { entryHeader, type EnterReply, type Entry, type OpenReply } from '../../../lib/core/servers/view.ts';
import type { WorkspaceAt } from './session.ts';

/** `offline`: no answer at all, or one that says to try again. */
export type Answer<T> = { state: 'ok'; value: T } | { state: 'refused'; code: string; say: string; revision?: number; /** Set where waiting helps. */ retryAfterS?: number } | { state: 'offline' };

async function ask<T>(read: (response: Response) => Promise<T>, path: string, init: RequestInit): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, { cache: 'no-store', ...init });
    // An answer that breaks off is none: whoever gave it may have died over it.
    if (response.ok) return { state: 'ok', value: await read(response) };
  } catch {
    return { state: 'offline' };
  }
  const refusal: unknown = await response.json().catch(() => undefined);
  const { code, say, revision, retryAfterS } = (typeof refusal === 'object' && refusal !== null ? refusal : {}) as { code?: string; say?: string; revision?: number; retryAfterS?: number };
  // Of a full disk it is writes alone that have to say so; whatever else meets one is asked again.
  if (response.status >= 500 && code !== 'quota' && !(code === 'disk_full' && init.method === 'PUT')) return { state: 'offline' };
  return { state: 'refused', code: code ?? String(response.status), say: say ?? 'The site refused this.', revision, retryAfterS };
}

const json = <T>(response: Response): Promise<T> => response.json() as Promise<T>;
const post = (body: unknown): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** `entered` is told of the entry, where there is one, before the rest of the answer is read. */
export const openLesson = (lesson: LessonId, entered: (entry: Entry) => void) =>
  ask<OpenReply>(
    (response) => {
      const entry = response.headers.get(entryHeader);
      if (entry) entered(JSON.parse(decodeURIComponent(entry)) as Entry);
      return json(response);
    },
    `/api/lessons/${lesson}/open`,
    post({}),
  );

export const enterWorkspace = ({ id, path }: WorkspaceAt) => ask<EnterReply>(json, `/api/workspaces/${id}/enter`, post({ path }));

export const setEditor = ({ id, path }: WorkspaceAt, editor: 'page' | 'lab') => ask<unknown>(json, `/api/workspaces/${id}/editor`, post({ path, editor }));

export const keepServer = (server: ServerId) => ask<unknown>(json, `/api/servers/${server}/keep`, post({}));

const fileAddress = ({ id, path }: WorkspaceAt) => `/api/workspaces/${id}/files/${path.split('/').map(encodeURIComponent).join('/')}`;

export type Versioned = { text: string; revision: number };

export const readNotebook = (at: WorkspaceAt) =>
  ask<Versioned>(async (response) => ({ text: await response.text(), revision: Number(response.headers.get('etag')?.replaceAll(/[^0-9]/g, '') ?? 0) }), fileAddress(at), {});

/** Durable once it answers ok. `keepalive` lets it outlive the page, for at most 64 kB. */
export const writeNotebook = (at: WorkspaceAt, { text, revision }: Versioned, options: { keepalive?: boolean; path?: string } = {}) =>
  ask<{ revision: number }>(json, fileAddress({ ...at, path: options.path ?? at.path }), {
    method: 'PUT',
    headers: { 'content-type': 'application/x-ipynb+json', 'if-match': `"${revision}"` },
    body: text,
    keepalive: options.keepalive,
  });

export type FileList = { files: ({ path: string; kind: 'file'; size: number } | { path: string; kind: 'directory' })[]; usedBytes: number; limitBytes: number };

export const listFiles = ({ id }: WorkspaceAt) => ask<FileList>(json, `/api/workspaces/${id}/files`, {});

export const deleteFile = (at: WorkspaceAt, path: string) => ask<unknown>(json, fileAddress({ ...at, path }), { method: 'DELETE' });

export type LoggedExecution = {
  msgId: string;
  cellId: string | null;
  kernelId: string;
  state: 'busy' | 'finished' | 'died' | 'out-of-memory';
  messages: { seq: number; type: string; content: { [key: string]: unknown } }[];
};
/** `announced`: ids of executions that were sent to a kernel and have not begun. A server from before an upgrade does not say. */
export type OutputLog = { log: string; seq: number; announced?: string[]; executions: LoggedExecution[] };

/** What every execution of the notebook put out after `since`, kept by the server whoever was connected. */
export async function readOutputs(origin: string, path: string, since: number): Promise<OutputLog | undefined> {
  try {
    const response = await fetch(`${origin}/lectern/outputs?path=${encodeURIComponent(path)}&since=${since}`, { credentials: 'include', cache: 'no-store' });
    return response.ok ? ((await response.json()) as OutputLog) : undefined;
  } catch {
    return undefined;
  }
}

/** A simple POST (no preflight) to the kernel's REST address; true when it was done. */
export async function tellKernel(origin: string, kernelId: string, what: 'interrupt' | 'restart'): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/api/kernels/${encodeURIComponent(kernelId)}/${what}`, { method: 'POST', credentials: 'include' });
    return response.ok;
  } catch {
    return false;
  }
}
