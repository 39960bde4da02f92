import WebSocket from 'ws';
import type { Entry } from '../../lib/core/servers/view.ts';
import type { Asked, Door } from './door.ts';
import { makePage } from './page.ts';
import type { Learner } from './people.ts';

/** Between two looks at a server that is on its way; a page hears of it instead. */
const LOOK_MS = 1_000;
/** Until a socket to a kernel is open. */
const OPEN_MS = 30_000;

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a learner's browser holds of the site: the lesson's page, and the notebook origin it entered. */
export function makeBrowser(door: Door, learner: Learner) {
  const page = makePage(door, learner);
  let pass: string | undefined;
  let entered: Entry | undefined;
  let socket: WebSocket | undefined;

  /** The kernel's socket, with whose opening the browser gets the notebook origin's cookie. */
  function connect(entry: Entry): Promise<boolean> {
    const { origin, grant, kernelId } = entry;
    entered = entry;
    socket?.terminate();
    const { host } = new URL(origin);
    const opening = new WebSocket(`ws://127.0.0.1:${door.port}/api/kernels/${kernelId}/channels?session_id=${crypto.randomUUID()}`, ['v1.kernel.websocket.jupyter.org', `lectern.grant.${grant}`], { headers: { host, origin: door.site }, handshakeTimeout: OPEN_MS });
    socket = opening;
    return new Promise((resolve) => {
      opening.on('upgrade', ({ headers }) => (pass = headers['set-cookie']?.[0]?.split(';')[0] ?? pass));
      opening.on('open', () => resolve(true));
      opening.on('error', () => resolve(false));
      opening.on('close', () => resolve(false));
    });
  }

  return {
    site: page.site,
    post: page.post,
    cookie: learner.cookie,
    get workspace() {
      return page.workspace;
    },
    get entered() {
      return entered;
    },
    /** The notebook origin's cookie. */
    get pass() {
      return pass;
    },
    /** The page is there once the workspace is; a server may take longer. */
    async visit(): Promise<void> {
      while (!(await page.open())) await pause(LOOK_MS);
    },

    /** Goes in to a server that runs, as often as it takes. */
    async enter(isOver: () => boolean): Promise<boolean> {
      for (let first = true; !isOver(); first = false) {
        if (!first) await pause(LOOK_MS);
        const entry = await page.enter();
        if (entry && (await connect(entry))) return true;
      }
      return false;
    },

    /** A request of JupyterLab's, on the notebook origin. */
    lab: (at: string, { headers, ...asked }: Asked = {}) => door.ask(`${page.workspace!.origin}${at}`, { ...asked, headers: { origin: page.workspace!.origin, cookie: pass ?? '', ...headers } }),

    close: () => socket?.terminate(),
  };
}

export type Browser = ReturnType<typeof makeBrowser>;
