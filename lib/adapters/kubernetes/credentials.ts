import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';

/** What to speak to an API server with. */
export type Credentials = { server: string; headers: Record<string, string>; tls: { ca?: string; cert?: string; key?: string; servername?: string; rejectUnauthorized?: boolean } };

/** Asked before each request. `afresh`: the last ones were refused. */
export type CredentialSource = (afresh: boolean) => Promise<Credentials>;

/** A kubelet renews a pod's token long before its end; client-go reads it as often. */
const KEPT_MS = 60_000;

function kept(read: () => Promise<Credentials>): CredentialSource {
  let last: { at: number; read: Promise<Credentials> } | undefined;
  return async (afresh) => {
    if (!last || afresh || performance.now() - last.at > KEPT_MS) {
      const reading = read();
      const mine = (last = { at: performance.now(), read: reading });
      reading.catch(() => last === mine && (last = undefined));
    }
    return last.read;
  };
}

/** Those of the pod this program runs in. @param folder where Kubernetes puts them */
export const inCluster = (server: string, folder = '/var/run/secrets/kubernetes.io/serviceaccount'): CredentialSource =>
  kept(async () => {
    const [token, ca] = await Promise.all([readFile(join(folder, 'token'), 'utf8'), readFile(join(folder, 'ca.crt'), 'utf8')]);
    return { server, headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
  });

/**
 * Those of a kubeconfig's current context, its plugins for clouds included. The library that knows them all takes 60 MB of memory,
 * so that it is loaded here alone.
 */
export const fromKubeconfig = (file: string): CredentialSource =>
  kept(async () => {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromFile(file);
    const cluster = config.getCurrentCluster();
    if (!cluster) throw new Error(`${file} has no current cluster`);
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const text = (value: unknown) => (value === undefined ? undefined : String(value));
    const headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]));
    if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    return {
      server: cluster.server,
      headers,
      tls: { ca: text(options.ca), cert: text(options.cert), key: text(options.key), servername: options.servername, rejectUnauthorized: options.rejectUnauthorized },
    };
  });
