import { heardOf } from '../../lib/core/servers/open.ts';
import type { Hub } from '../../lib/hub.ts';
import type { Learner } from './site.ts';

/** What a click on a lesson asks of a site, without its pages. */
export async function makeLearners({ bus, servers, pool }: Pick<Hub, 'bus' | 'servers' | 'pool'>) {
  // As in a site that is in use: it listens, and its connections are open.
  bus.subscribe(() => undefined, () => undefined);
  await Promise.all(Array.from({ length: pool.options.max }, () => pool.query('SELECT pg_sleep(0.1)')));
  return {
    /** @returns whether a server was claimed or is on its way */
    ask: ({ workspace, user }: Learner) => servers.open(workspace, user).then(({ ok }) => ok, () => false),

    /** @returns milliseconds until its learner may enter; none where it was refused */
    async claim({ workspace, user }: Learner): Promise<number | undefined> {
      const began = performance.now();
      const heard = heardOf(bus, workspace, 60_000);
      try {
        const opened = await servers.open(workspace, user);
        if (!opened.ok) return undefined;
        if (opened.value.state !== 'ready') await heard.until(async () => (await servers.view(workspace)).state === 'ready');
        return performance.now() - began;
      } finally {
        heard.end();
      }
    },
  };
}
