import type { ServerRef } from '../../core/servers/server.ts';
import type { Listed } from '../../core/servers/spawner.ts';
import { isClaimed, ownerOf, recipeIn, sight, type SeenPod } from './sight.ts';

/** One pod of ours as it was last seen, without all that we do not need of it. */
export type Known = { ref: ServerRef; namespace: string; name: string; uid: string; version: string; profile?: string; recipe?: string; claimed: boolean; sighting: Listed['sighting']; said?: string };
/** `now`: undefined once it is gone. */
export type Change = { before?: Known; now?: Known };

/** What is worth knowing of a pod; none when it is not ours. */
export function knownOf(pod: SeenPod): Known | undefined {
  const ref = ownerOf(pod);
  const { name, namespace, uid, resourceVersion: version } = pod.metadata;
  return ref && { ref, namespace, name, uid, version, ...recipeIn(pod), claimed: isClaimed(pod), ...sight(pod) };
}

/** Resource versions of one kind are whole numbers that only grow, in as many digits as it takes. */
export const isNewer = (a: string, b: string) => (a.length === b.length ? a > b : a.length > b.length);

/**
 * What is known of the pods of one namespace. News may come twice, late and in any order (answers to our own requests overtake the
 * watch, and are overtaken): of each pod the newest version wins, gone is one of them, and a whole list settles everything before it.
 */
export function makeCache(onChange: (change: Change) => void) {
  const pods = new Map<string, Known>();
  let [listed, heard] = ['', ''];
  /** Versions at which pods went, of this turn and the one before: longer than any answer is under way. */
  let [gone, goneBefore] = [new Map<string, string>(), new Map<string, string>()];

  function put(now: Known): void {
    const before = pods.get(now.name);
    const since = before?.version ?? gone.get(now.name) ?? goneBefore.get(now.name) ?? listed;
    if (!isNewer(now.version, since)) return;
    pods.set(now.name, now);
    if (!before || before.uid !== now.uid || before.claimed !== now.claimed || JSON.stringify(before.sighting) !== JSON.stringify(now.sighting)) onChange({ before, now });
  }

  function goneAt(name: string, version: string): void {
    const before = pods.get(name);
    if (before && isNewer(before.version, version)) return;
    const earlier = gone.get(name) ?? goneBefore.get(name) ?? '';
    gone.set(name, isNewer(version, earlier) ? version : earlier);
    if (pods.delete(name)) onChange({ before });
  }

  /** The cluster was restored from a backup, and counts from there again. */
  function forgetVersions(): void {
    listed = '';
    gone.clear();
    goneBefore.clear();
    for (const [name, known] of pods) pods.set(name, { ...known, version: '' });
  }

  return {
    get: (name: string) => pods.get(name),
    all: () => [...pods.values()],
    put,
    remove: ({ name, version }: Pick<Known, 'name' | 'version'>) => goneAt(name, version),
    /** It was asked for and not found, and nothing has been heard of it since `asked` was known. */
    missed(name: string, asked: Known | undefined) {
      if (asked && pods.get(name) === asked) goneAt(name, asked.version);
    },
    /** Everything there was at this version. */
    replace(version: string, all: Known[]) {
      if (isNewer(heard, version)) forgetVersions();
      const names = new Set(all.map(({ name }) => name));
      all.forEach(put);
      for (const name of [...pods.keys()]) if (!names.has(name)) goneAt(name, version);
      listed = heard = version;
    },
    /** What was watched from the list on has come so far. */
    heardUpTo: (version: string) => void (heard = version),
    /** To be called from time to time, less often than an answer may be late. */
    turn() {
      goneBefore = gone;
      gone = new Map();
    },
  };
}

export type Cache = ReturnType<typeof makeCache>;
