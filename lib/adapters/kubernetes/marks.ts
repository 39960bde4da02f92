import { gathered } from '../../core/waiting.ts';
import { Refused, type Api } from './api.ts';
import { isNewer } from './cache.ts';
import type { Hearing } from './follow.ts';

/**
 * In each namespace of learners: a key for each pod that is somebody's and does not carry the mark itself yet. Part of the deployment,
 * so that the controller need not be allowed to make such objects.
 */
export const MARKS = 'lectern-marks';
/** The object as it is deployed, for tests and load. */
export const emptyMarks = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: MARKS } };

export type SeenMarks = { metadata: { resourceVersion: string }; data?: Record<string, string> };
type Marks = { version: string; names: ReadonlySet<string> };

/** Up to so many at once each pod is told by itself: that is no more requests, and nothing is left to be done. */
const FEW = 3;

export const marksPath = (namespace: string) => `api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
export const marksQuery = { fieldSelector: `metadata.name=${MARKS}` };
export const marksOf = ({ metadata: { resourceVersion: version }, data = {} }: SeenMarks): Marks => ({ version, names: new Set(Object.keys(data)) });

/**
 * Marks that many servers get at once: a class of 500 is marked by one request, where 500 of them would keep the API server for
 * seconds. Each pod gets its own mark later, and then leaves this list.
 */
export function makeMarks(api: Api, namespace: string) {
  const path = `${marksPath(namespace)}/${MARKS}`;
  let [marks, heard]: [Marks, string] = [{ version: '', names: new Set() }, ''];

  function put(now: Marks): void {
    if (isNewer(now.version, marks.version)) marks = now;
  }

  async function patch(data: Record<string, '' | null>): Promise<void> {
    put(marksOf(await api.call<SeenMarks>('PATCH', path, { body: { data }, type: 'application/merge-patch+json' })));
  }

  const hearing: Hearing<Marks> = {
    replace(version, [now = { version, names: new Set() }]) {
      // The cluster was restored from a backup, and counts from there again.
      if (isNewer(heard, version)) marks = { version: '', names: new Set() };
      heard = version;
      put(now);
    },
    put,
    remove: ({ version }) => put({ version, names: new Set() }),
    heardUpTo: (version) => void (heard = version),
    turn: () => undefined,
  };

  return {
    hearing,
    has: (name: string) => marks.names.has(name),
    names: () => [...marks.names],

    /** Keeps the mark of a pod here, if many are marked at once. @returns false when the pod has to be told itself */
    keep: gathered(async (names: string[]): Promise<boolean[]> => {
      let kept = names.length > FEW;
      if (kept) {
        await patch(Object.fromEntries(names.map((name) => [name, '']))).catch((error: unknown) => {
          // Not deployed, or full.
          if (!(error instanceof Refused)) throw error;
          kept = false;
        });
      }
      return names.map(() => kept);
    }),

    /** Only of pods that carry their mark themselves, or are gone. */
    drop: (names: string[]) => patch(Object.fromEntries(names.map((name) => [name, null]))),
  };
}
