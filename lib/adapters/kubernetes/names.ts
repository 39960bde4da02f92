import { createHash } from 'node:crypto';
import type { ServerRef } from '../../core/servers/server.ts';

export const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Ids of any length and letters become distinct names: nothing of an id but its hash is in one. */
export const podName = ({ id, generation }: ServerRef) => `server-${hash(`${id}\0${generation}`)}`;

/** As a label's value: itself where Kubernetes takes it, else its hash. */
export const labelValue = (text: string) => (/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text) ? text : hash(text));

/** Finds every pod of ours. Network policies and quotas go by the namespace. */
export const selector = 'app.kubernetes.io/part-of=lectern,app.kubernetes.io/component=server';

export const keys = {
  /** `<generation> <id>`, the id as it is: what a pod is adopted by. */
  server: 'lectern/server',
  id: 'lectern/id',
  generation: 'lectern/generation',
  profile: 'lectern/profile',
  /** `pool`, then `claimed` for ever. */
  state: 'lectern/state',
  /** What it was made from, in short: see recipeOf. */
  recipe: 'lectern/recipe',
  safeToEvict: 'cluster-autoscaler.kubernetes.io/safe-to-evict',
} as const;

export const sayRef = ({ id, generation }: ServerRef) => `${generation} ${id}`;

export function readRef(said: string | undefined): ServerRef | undefined {
  const [, generation, id] = /^(\d+) (.+)$/s.exec(said ?? '') ?? [];
  return id === undefined ? undefined : { id: id as ServerRef['id'], generation: Number(generation) };
}

/**
 * Where a server's pod is made, and where next when there is no room: by highest hash, so that each start of it, by whichever program,
 * means the same namespace, and a namespace added to the list moves no server but those it gets.
 */
export function namespacesOf(ref: ServerRef, namespaces: readonly string[]): string[] {
  const ranked = namespaces.map((namespace) => ({ namespace, rank: hash(`${namespace}/${podName(ref)}`) }));
  return ranked.sort((a, b) => (a.rank < b.rank ? 1 : -1)).map(({ namespace }) => namespace);
}
