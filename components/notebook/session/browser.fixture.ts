import { vi } from 'vitest';
import type { WorkspaceAt } from './session.ts';

export const place = { id: 'w', path: 'a.ipynb' } as WorkspaceAt;

/** How the site answers: as it should; not at all; or with something of the test's. */
type Manner = 'well' | 'away' | ((method: string) => Response | undefined);

/** An answer whose bytes end before it does. */
export const brokenOff = () => new Response(new ReadableStream({ start: (stream) => stream.error(new TypeError('terminated')) }));

export const refusal = (status: number, code: string, say = 'No.') => Response.json({ code, say }, { status });

/**
 * What a page finds outside of itself: the site with one notebook, and this browser's storage and locks, which outlive a page.
 * Put in place of the globals until `vi.unstubAllGlobals()`.
 */
export function standInBrowser(first: string) {
  const revisions = [first];
  const requests: { method: string; path: string; keepalive: boolean }[] = [];
  const drafts = new Map<string, unknown>();
  const tab = new Map<string, string>();
  const site = {
    manner: 'well' as Manner,
    requests,
    text: () => revisions.at(-1)!,
    revision: () => revisions.length,
    /** Another tab or device, or JupyterLab. */
    savedElsewhere: (text: string) => void revisions.push(text),
    drafts: () => [...drafts.values()] as { text: string }[],
    /** With the next page load. */
    tab,
  };

  function serve(path: string, { method = 'GET', headers, body }: RequestInit): Response {
    if (path.endsWith('/editor')) return Response.json({});
    if (method === 'GET') return new Response(site.text(), { headers: { etag: `"${site.revision()}"` } });
    if (new Headers(headers).get('if-match') !== `"${site.revision()}"`) return refusal(412, 'stale');
    revisions.push(String(body));
    return Response.json({ revision: site.revision() });
  }

  vi.stubGlobal('fetch', (path: string, init: RequestInit = {}) => {
    const { method = 'GET', keepalive = false } = init;
    requests.push({ method, path, keepalive });
    if (site.manner === 'away') return Promise.reject(new TypeError('fetch failed'));
    const own = site.manner === 'well' ? undefined : site.manner(method);
    return Promise.resolve(own ?? serve(path, init));
  });
  vi.stubGlobal('indexedDB', { open: () => request(() => ({ transaction: () => transaction(drafts), close: () => undefined })) });
  vi.stubGlobal('IDBKeyRange', { bound: (from: string[], to: string[]) => [from, to] });
  vi.stubGlobal('sessionStorage', { getItem: (key: string) => tab.get(key) ?? null, setItem: (key: string, value: string) => tab.set(key, value), removeItem: (key: string) => tab.delete(key) });
  vi.stubGlobal('navigator', { locks: locks() });
  return site;
}

/** Locks that nobody else wants. */
function locks() {
  const held = new Set<string>();
  return {
    query: async () => ({ held: [...held].map((name) => ({ name })) }),
    async request(name: string, work: () => Promise<void>) {
      held.add(name);
      await work();
      held.delete(name);
    },
  };
}

/** Of IndexedDB what drafts.client.ts asks for. */
function request<T>(result: () => T) {
  const asked: { result?: T; onsuccess?: () => void } = {};
  queueMicrotask(() => {
    asked.result = result();
    asked.onsuccess?.();
  });
  return asked;
}

const within = (parts: string[], from: string[], to: string[]) => parts.every((part, index) => part >= from[index]! && part <= to[index]!);

function transaction(drafts: Map<string, unknown>) {
  const under: { oncomplete?: () => void; objectStore: () => object } = { objectStore: () => ({ put, getAll, delete: remove }) };
  const done = <T>(work: () => T) => {
    const asked = request(work);
    asked.onsuccess = () => under.oncomplete?.();
    return asked;
  };
  const key = (parts: unknown) => JSON.stringify(parts);
  const put = (draft: { user: string; lesson: string }) => done(() => void drafts.set(key([draft.user, draft.lesson]), structuredClone(draft)));
  const getAll = ([from, to]: [string[], string[]]) => done(() => [...drafts].flatMap(([at, draft]) => (within(JSON.parse(at) as string[], from, to) ? [draft] : [])));
  const remove = (parts: unknown) => done(() => void drafts.delete(key(parts)));
  return under;
}
