import { request } from 'node:http';
import { text } from 'node:stream/consumers';

type Answer = { id: string; generation: number; kernel: 'starting' | 'warm' | 'taken' | 'failed' };

const PATIENCE_MS = 2000;

/** What answers on the socket says it is; none while nothing answers. Whether it is true is proved by `Jupyter.prove`. */
export function askIdentity(socketPath: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path: '/lectern/identity', headers: { host: 'localhost', connection: 'close' }, timeout: PATIENCE_MS }, (response) => {
      text(response).then((body) => resolve(response.statusCode === 200 ? (JSON.parse(body) as Answer) : undefined)).catch(() => resolve(undefined));
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(undefined));
    asking.end();
  });
}
