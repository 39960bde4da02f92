import { backOff, Refused, type Api } from './api.ts';
import { knownOf, type Cache } from './cache.ts';
import { selector } from './names.ts';
import { pause } from '../../core/waiting.ts';

type Thing = { metadata: { resourceVersion: string } };
type List<T> = { metadata: { resourceVersion: string; continue?: string }; items: T[] };
type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; object: T } | { type: 'ERROR'; object: { code?: number; reason?: string; message?: string } };

export type FollowTimes = {
  /** The server is asked to end each watch after so long. */
  watchS: number;
  /** What has not ended so much later has silently stopped. Together they bound how long nothing may be seen. */
  slackMs: number;
  backOffMs: { first: number; most: number };
};
export const followTimes: FollowTimes = { watchS: 25, slackMs: 5_000, backOffMs: { first: 500, most: 10_000 } };

const PAGE = '500';
/** A watch that ends so soon, without a word, would be asked for again and again. */
const AT_ONCE_MS = 1_000;
const STEADY_MS = 10_000;

export const podsPath = (namespace: string) => `api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;

/** What is told of all that is followed; see makeCache. */
export type Hearing<Known> = { replace(version: string, all: Known[]): void; put(one: Known): void; remove(one: Known): void; heardUpTo(version: string): void; turn(): void };

type Followed<T, Known> = { path: string; query: Record<string, string>; /** What is worth knowing of one; none when it is not ours. */ knownOf: (thing: T) => Known | undefined; cache: Hearing<Known> };
type Deps = { api: Api; times?: FollowTimes; onTrouble: (error: unknown) => void };

/** The pods of one namespace that are ours. */
export const followPods = ({ namespace, cache, ...deps }: Deps & { namespace: string; cache: Cache }) => follow({ ...deps, path: podsPath(namespace), query: { labelSelector: selector }, knownOf, cache });

/**
 * Keeps what is known of a part of the cluster what the cluster says: lists, then watches from there. Whatever goes wrong with a watch
 * (its version too old, cut short, silent, refused) is answered by listing anew, later each time, for as long as it takes.
 */
export function follow<T extends Thing, Known>({ api, path, query: which, knownOf, cache, times = followTimes, onTrouble }: Deps & Followed<T, Known>) {
  const ending = new AbortController();
  let current = Promise.withResolvers<void>();
  let isCurrent = false;

  async function list(): Promise<string> {
    const all: Known[] = [];
    let query: Record<string, string> = { ...which, limit: PAGE };
    for (;;) {
      const { metadata, items } = await api.call<List<T>>('GET', path, { query });
      all.push(...items.flatMap((thing) => knownOf(thing) ?? []));
      if (!metadata.continue) {
        cache.replace(metadata.resourceVersion, all);
        return metadata.resourceVersion;
      }
      query = { ...query, continue: metadata.continue };
    }
  }

  /** @returns the version up to which everything has been heard, once the server ends the watch as it was asked to */
  async function watch(from: string): Promise<string> {
    const began = performance.now();
    const limit = AbortSignal.timeout(times.watchS * 1000 + times.slackMs);
    const query = { ...which, watch: 'true', allowWatchBookmarks: 'true', resourceVersion: from, timeoutSeconds: String(times.watchS) };
    const body = await api.stream(path, query, AbortSignal.any([limit, ending.signal]));
    let version = from;
    let rest = '';
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line) version = hear(JSON.parse(line) as WatchEvent<T>);
    }
    // Half a line at the end is of no use, and none is lost: what follows begins at the last whole event.
    if (version === from && performance.now() - began < AT_ONCE_MS) throw new Error('the watch ended at once');
    return version;
  }

  function hear(event: WatchEvent<T>): string {
    if (event.type === 'ERROR') throw new Refused(event.object.code ?? 0, event.object.reason ?? '', event.object.message ?? '', 0);
    const known = event.type === 'BOOKMARK' ? undefined : knownOf(event.object);
    if (known) (event.type === 'DELETED' ? cache.remove : cache.put)(known);
    cache.heardUpTo(event.object.metadata.resourceVersion);
    return event.object.metadata.resourceVersion;
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!ending.signal.aborted) {
      let began = Infinity;
      try {
        let version = await list();
        began = performance.now();
        isCurrent = true;
        current.resolve();
        for (;;) {
          version = await watch(version);
          cache.turn();
        }
      } catch (error) {
        if (isCurrent) current = Promise.withResolvers();
        isCurrent = false;
        if (ending.signal.aborted) return;
        onTrouble(error);
        if (performance.now() - began > STEADY_MS) failures = 0;
        await pause(Math.max(backOff(failures++, times.backOffMs), error instanceof Refused ? error.retryAfterMs : 0), ending.signal);
      }
    }
  }
  const running = run();

  return {
    /** Resolves while the cache is complete and followed: at once, or when it is so again. */
    current: () => current.promise,
    async close(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}
