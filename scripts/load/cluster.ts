import { Agent } from 'undici';
import { makeApi } from '../../lib/adapters/kubernetes/api.ts';
import { makeCache } from '../../lib/adapters/kubernetes/cache.ts';
import { fromKubeconfig } from '../../lib/adapters/kubernetes/credentials.ts';
import { followPods, podsPath } from '../../lib/adapters/kubernetes/follow.ts';
import { emptyMarks, marksPath } from '../../lib/adapters/kubernetes/marks.ts';
import { keys, selector } from '../../lib/adapters/kubernetes/names.ts';
import { podOf } from '../../lib/adapters/kubernetes/pod.ts';
import { ownerOf, type SeenPod } from '../../lib/adapters/kubernetes/sight.ts';
import type { Config } from '../../lib/config/config.ts';
import type { ServerId } from '../../lib/core/ids.ts';
import type { ServerRef } from '../../lib/core/servers/server.ts';
import { makeTurnstile } from '../../lib/core/waiting.ts';

/** Requests a bare client has under way: with more, the API server makes none of them faster. */
const AT_ONCE = 64;
/** No row has such a generation. */
const NOBODYS = 1_000_000_000;
const bareLabel = { 'load-test': 'bare' };

/** The cluster that is loaded, seen without Lectern. */
export async function openCluster({ kubernetes: { namespaces, pods }, profiles: [profile] }: Config, kubeconfig: string) {
  const credentials = fromKubeconfig(kubeconfig);
  const api = makeApi(credentials);
  for (const name of namespaces) {
    await api.call('POST', 'api/v1/namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } } });
    await api.call('POST', marksPath(name), { body: emptyMarks });
    // No pod is admitted before.
    while (!(await api.call('GET', `api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => undefined))) await new Promise((soon) => setTimeout(soon, 50));
  }

  const names = async (): Promise<ServerRef[]> => {
    const lists = await Promise.all(namespaces.map((namespace) => api.call<{ items: SeenPod[] }>('GET', podsPath(namespace), { query: { labelSelector: selector } })));
    return lists.flatMap(({ items }) => items.flatMap((pod) => ownerOf(pod) ?? []));
  };

  return {
    names,

    /** Pods that do not say themselves that they are somebody's. */
    async unmarked(): Promise<number> {
      const lists = await Promise.all(namespaces.map((namespace) => api.call<{ items: object[] }>('GET', podsPath(namespace), { query: { labelSelector: `${selector},${keys.state}=pool` } })));
      return lists.flatMap(({ items }) => items).length;
    },

    /** Makes so many pods as the spawner would, as fast as it can, and removes them. @returns milliseconds until all of them ran */
    async bare(count: number): Promise<number> {
      const { server, headers, tls } = await credentials(false);
      const agent = new Agent({ connections: AT_ONCE, connect: tls });
      const all = Promise.withResolvers<void>();
      let ready = 0;
      const hear = ({ before, now }: { before?: { sighting: { state: string } }; now?: { ref: ServerRef; sighting: { state: string } } }) => {
        if (!now || now.ref.generation < NOBODYS || now.sighting.state !== 'ready' || before?.sighting.state === 'ready') return;
        if (++ready === count) all.resolve();
      };
      const following = namespaces.map((namespace) => followPods({ api, namespace, cache: makeCache(hear), onTrouble: (error) => all.reject(error) }));
      await Promise.all(following.map(({ current }) => current()));
      const turn = makeTurnstile(AT_ONCE);
      const began = performance.now();
      const create = async (index: number) => {
        const namespace = namespaces[index % namespaces.length]!;
        const pod = podOf({ id: crypto.randomUUID() as ServerId, generation: NOBODYS + index }, profile, { token: 'x'.repeat(43), identityKey: 'x'.repeat(43) }, pods.default, namespace);
        const reply = await agent.request({ origin: new URL(server).origin, path: `/${podsPath(namespace)}`, method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, ...bareLabel } } }) });
        await reply.body.dump();
        if (reply.statusCode !== 201) throw new Error(`the bare client was answered ${reply.statusCode}`);
      };
      await Promise.all(Array.from({ length: count }, (_, index) => turn(() => create(index))));
      await all.promise;
      const took = performance.now() - began;
      await Promise.all(following.map((one) => one.close()));
      await agent.close();
      const bare = (await names()).filter(({ generation }) => generation >= NOBODYS).length;
      if (bare !== count) throw new Error(`${bare} bare pods of ${count}`);
      const query = { labelSelector: 'load-test=bare', gracePeriodSeconds: '0' };
      for (const namespace of namespaces) await api.call('DELETE', podsPath(namespace), { query });
      while ((await names()).some(({ generation }) => generation >= NOBODYS)) await new Promise((soon) => setTimeout(soon, 200));
      return took;
    },

    /** Requests about pods and marks the API server has answered so far, whoever asked: hardly anybody but Lectern asks steadily. */
    async podRequests(): Promise<number> {
      const { server, headers, tls } = await credentials(false);
      const agent = new Agent({ connect: tls });
      const reply = await agent.request({ origin: new URL(server).origin, path: '/metrics', method: 'GET', headers });
      const text = await reply.body.text();
      await agent.close();
      return [...text.matchAll(/^apiserver_request_total\{[^}]*resource="(?:pods|configmaps)"[^}]*\} (\S+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
    },

    close: () => api.close(),
  };
}

export type LoadedCluster = Awaited<ReturnType<typeof openCluster>>;
