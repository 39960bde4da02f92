import { UpstreamError } from '../../core/errors.ts';
import type { Profile, Profiles, ServerRef } from '../../core/servers/server.ts';
import { NoRoom, type Listed, type ServerSecrets, type Sighting, type Spawner } from '../../core/servers/spawner.ts';
import { pause, within } from '../../core/waiting.ts';
import { apiTimes, makeApi, Refused } from './api.ts';
import { knownOf, makeCache, type Change, type Known } from './cache.ts';
import type { CredentialSource } from './credentials.ts';
import { follow, followPods, followTimes, podsPath } from './follow.ts';
import { makeMarks, marksOf, marksPath, marksQuery } from './marks.ts';
import { labelValue, namespacesOf, podName } from './names.ts';
import { claimedPatch, GRACE_S, podOf, recipeOf, type PodSettings } from './pod.ts';
import type { SeenPod } from './sight.ts';

export type KubernetesOptions = {
  credentials: CredentialSource;
  /** Where servers are made; one may be taken out once nothing of ours is in it. */
  namespaces: readonly string[];
  /** How pods of a profile are made. */
  pods: (profile: string) => PodSettings;
  onLog?: (message: string, about: Record<string, unknown>) => void;
  times?: { api?: typeof apiTimes; follow?: typeof followTimes; stop?: typeof stopTimes };
};

/** `forceMs`: after a deletion was asked for, when a node that does not answer is no longer waited for. `askMs`: between two looks at it that nothing rang for. */
const stopTimes = { forceMs: (GRACE_S + 20) * 1000, giveUpMs: (GRACE_S + 40) * 1000, askMs: 3_000 };
/** Longest wait for a list that is complete. */
const CURRENT_MS = 25_000;
/** A pod that was evicted is gone within seconds: its cause is listed for so long, or until it is stopped. */
const REMAINS_MS = 5 * 60_000;

/**
 * Servers as pods, one each. Whatever is known of them is the cluster's: any program over the same namespaces sees the same servers,
 * and `close` ends the watching alone.
 */
export function makeKubernetesSpawner({ credentials, namespaces, pods, onLog = () => undefined, times = {} }: KubernetesOptions): Spawner & { close(): Promise<void> } {
  const api = makeApi(credentials, times.api);
  const { forceMs, giveUpMs, askMs } = times.stop ?? stopTimes;
  const listeners = new Set<(server: ServerRef) => void>();
  const changed = new Map<string, Set<() => void>>();
  const remains = new Map<string, { known: Known; at: number }>();
  const followed = namespaces.map((namespace) => {
    const [cache, marks] = [makeCache(hear), makeMarks(api, namespace)];
    const onTrouble = (error: unknown) => onLog('the pods of a namespace are listed anew', { namespace, err: error });
    const following = [
      followPods({ api, namespace, cache, times: times.follow, onTrouble }),
      follow({ api, path: marksPath(namespace), query: marksQuery, knownOf: marksOf, cache: marks.hearing, times: times.follow, onTrouble }),
    ];
    const current = () => Promise.all(following.map((one) => one.current()));
    return { namespace, cache, marks, current, close: () => Promise.all(following.map((one) => one.close())) };
  });
  /** Until then a pod may exist that none of the caches holds. */
  const listedOnce = Promise.all(followed.map(({ current }) => current()));

  function hear({ before, now }: Change): void {
    const known = now ?? before;
    if (!known) return;
    remains.delete(known.name);
    // One that was deleted says no more than one that is not there.
    if (!now && known.sighting.state === 'ended' && known.sighting.reason !== 'lost') remains.set(known.name, { known, at: performance.now() });
    if (now?.said && JSON.stringify(before?.sighting) !== JSON.stringify(now.sighting)) {
      const { sighting, ref, said } = now;
      onLog(sighting.state === 'ended' ? 'a server ended' : 'a server has to wait', { server: ref.id, generation: ref.generation, because: sighting.state === 'ended' ? sighting.reason : sighting.state === 'pending' && sighting.stage, said });
    }
    for (const wake of changed.get(known.name) ?? []) wake();
    for (const tell of listeners) tell(known.ref);
  }

  /** Where the server's pod is; else where it is to be, and where next when a namespace is full. */
  async function placesOf(ref: ServerRef) {
    await within(CURRENT_MS, 'the first list of pods', listedOnce);
    const name = podName(ref);
    const having = followed.find(({ cache }) => cache.get(name));
    const places = having ? [having] : namespacesOf(ref, namespaces).map((namespace) => followed.find((one) => one.namespace === namespace)!);
    return places.map(({ namespace, cache, marks }) => ({ name, namespace, cache, marks, path: `${podsPath(namespace)}/${name}` }));
  }
  const placeOf = async (ref: ServerRef) => (await placesOf(ref))[0]!;
  type Place = Awaited<ReturnType<typeof placeOf>>;

  function note({ cache }: Pick<Place, 'cache'>, pod: SeenPod): Known | undefined {
    const known = knownOf(pod);
    if (known) cache.put(known);
    return known;
  }

  /** The pod as it is at this moment. */
  async function ask(place: Place): Promise<Known | undefined> {
    const before = place.cache.get(place.name);
    try {
      return note(place, await api.call<SeenPod>('GET', place.path));
    } catch (error) {
      if (!isGone(error)) throw error;
      place.cache.missed(place.name, before);
      return undefined;
    }
  }

  async function start(ref: ServerRef, profile: Profile, secrets: ServerSecrets, claimed = false): Promise<void> {
    const places = await placesOf(ref);
    if (places[0]!.cache.get(places[0]!.name) && (await ask(places[0]!))) return;
    for (const place of places) {
      try {
        return void note(place, await api.call<SeenPod>('POST', podsPath(place.namespace), { body: podOf(ref, profile, secrets, pods(profile.name), place.namespace, claimed) }));
      } catch (error) {
        if (!isThere(error) && !isFull(error)) throw error;
        // One of ours whose answer was lost may be what fills the namespace.
        if ((await ask(place)) || isThere(error)) return;
        if (place === places.at(-1)) throw new NoRoom('cluster', `start server ${ref.id}: every namespace is full`, error);
      }
    }
  }

  async function stop(ref: ServerRef, instance?: string): Promise<void> {
    const place = await placeOf(ref);
    const uid = instance ?? (await ask(place))?.uid;
    if (uid !== undefined) await end(ref, place, uid);
    if (uid === undefined || remains.get(place.name)?.known.uid === uid) remains.delete(place.name);
  }

  async function end(ref: ServerRef, place: Place, uid: string): Promise<void> {
    const began = performance.now();
    let forced = false;
    if (!(await remove(place, uid, GRACE_S))) return;
    for (;;) {
      const heard = place.cache.get(place.name);
      if (heard?.uid !== uid && (await ask(place))?.uid !== uid) return;
      const waited = performance.now() - began;
      if (waited > giveUpMs) throw new UpstreamError('cluster', `stop server ${ref.id}: its pod is still there`);
      if (!forced && waited > forceMs) {
        // Its node does not answer: what may still run there is killed when it comes back, and nothing is sent to it meanwhile.
        forced = true;
        onLog('a pod does not end, and is removed by force', { server: ref.id, pod: place.name, namespace: place.namespace });
        await remove(place, uid, 0);
      }
      if ((await ring(place.name, Math.min(askMs, Math.max(0, forced ? askMs : forceMs - waited) + 1))) === 'silence') await ask(place);
    }
  }

  /** @returns whether this very pod was there to be deleted */
  async function remove({ path }: Place, uid: string, gracePeriodSeconds: number): Promise<boolean> {
    try {
      await api.call('DELETE', path, { body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds, preconditions: { uid } } });
      return true;
    } catch (error) {
      // Another instance stands there by now.
      if (isGone(error) || (error instanceof Refused && error.status === 409)) return false;
      throw error;
    }
  }

  async function mark(ref: ServerRef): Promise<void> {
    const place = await placeOf(ref);
    const { name, cache, marks } = place;
    if (cache.get(name) && !marks.has(name) && (await marks.keep(name))) return;
    note(place, await api.call<SeenPod>('PATCH', place.path, { body: claimedPatch, type: 'application/merge-patch+json' }));
    if (marks.has(name)) await dropMarks(place);
  }

  /** Once no pod needs them any more. */
  async function dropMarks(place: Place): Promise<void> {
    const names = place.marks.names();
    if (names.some((name) => place.cache.get(name)?.claimed === false)) return;
    // What this program has not seen, another may have made.
    const unseen = await Promise.all(names.filter((name) => !place.cache.get(name)).map((name) => ask({ ...place, name, path: `${podsPath(place.namespace)}/${name}` })));
    if (unseen.every((known) => known?.claimed !== false)) await place.marks.drop(names);
  }

  /** Resolves when something is heard of the pod, or after the time. */
  async function ring(name: string, ms: number): Promise<'heard' | 'silence'> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    const waiting = changed.get(name) ?? new Set();
    changed.set(name, waiting.add(wake));
    await pause(ms, woken.signal);
    waiting.delete(wake);
    if (waiting.size === 0) changed.delete(name);
    return woken.signal.aborted ? 'heard' : 'silence';
  }

  /** What the cluster refuses is the cluster's failure, for whoever asked for it. */
  const named = async <T>(doing: string, { id }: ServerRef, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (cause) {
      throw cause instanceof UpstreamError ? cause : new UpstreamError('cluster', `${doing} server ${id}`, cause);
    }
  };

  return {
    start: (ref, profile, secrets, claimed) => named('start', ref, start(ref, profile, secrets, claimed)),
    stop: (ref, instance) => named('stop', ref, stop(ref, instance)),
    look: (ref) => named('look at', ref, placeOf(ref).then(ask).then((known): Sighting => known?.sighting ?? { state: 'absent' })),
    async list(profiles?: Profiles): Promise<Listed[]> {
      // A cache that is not followed may lack what runs: then there is no list at all.
      await within(CURRENT_MS, 'following', Promise.all(followed.map(({ current }) => current()))).catch((cause: unknown) => {
        throw new UpstreamError('cluster', 'list all pods', cause);
      });
      for (const [name, { at }] of remains) if (performance.now() - at > REMAINS_MS) remains.delete(name);
      const recipes = profiles && new Map(profiles.map((profile) => [labelValue(profile.name), recipeOf(profile, pods(profile.name))]));
      const isOutdated = ({ profile, recipe }: Known) => recipes !== undefined && recipe !== recipes.get(profile ?? '');
      const here = followed.flatMap(({ cache, marks }) =>
        cache.all().map((known): Listed => {
          const { ref, claimed, sighting } = known;
          const marked = marks.has(known.name);
          return { ...ref, claimed: claimed || marked, sighting, ...(!claimed && marked && { markAgain: true }), ...(isOutdated(known) && { outdated: true }) };
        }),
      );
      return [...here, ...[...remains.values()].map(({ known: { ref, claimed, sighting } }) => ({ ...ref, claimed, sighting }))];
    },
    mark: (ref) => named('mark', ref, mark(ref)),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    shortfalls: async () => [],
    async close() {
      listeners.clear();
      await Promise.all([...followed.map((one) => one.close()), api.close()]);
    },
  };
}

const isGone = (error: unknown) => error instanceof Refused && error.status === 404;
const isThere = (error: unknown) => error instanceof Refused && error.reason === 'AlreadyExists';
/** The API has no word for it but its message. */
const isFull = (error: unknown) => error instanceof Refused && error.status === 403 && error.message.includes('exceeded quota');
