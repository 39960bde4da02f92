import WebSocket from 'ws';
import type { WorkspaceId } from '../../lib/core/ids.ts';
import type { EnterReply, Entry, OpenReply } from '../../lib/core/servers/view.ts';
import type { Answered, Asked, Door } from './door.ts';
import type { Learner } from './people.ts';

/** Between two looks at a server that is on its way; a page hears of it instead. */
const LOOK_MS = 1_000;
/** Until a socket to a kernel is open. */
const OPEN_MS = 30_000;

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a learner's browser holds of the site: the lesson's page, and the notebook origin it entered. */
export function makeBrowser(door: Door, { cookie, lesson, path }: Learner) {
  let workspace: { id: WorkspaceId; origin: string } | undefined;
  let pass: string | undefined;
  let entered: Entry | undefined;
  let socket: WebSocket | undefined;

  const site = (at: string, { headers, ...asked }: Asked = {}) => door.ask(at, { ...asked, headers: { cookie, origin: door.site, ...headers } });
  const post = (at: string, body: unknown) => site(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const parsed = <T>(answered: Answered | undefined): T | undefined => (answered?.status === 200 ? (JSON.parse(answered.text) as T) : undefined);

  /** Opens the lesson as its page does. @returns false when the site did not answer */
  async function open(): Promise<Entry | boolean> {
    const opened = parsed<OpenReply>(await post(`/api/lessons/${lesson}/open`, {}));
    if (!opened) return false;
    workspace = opened.workspace;
    return opened.entry ?? true;
  }

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
    site,
    post,
    cookie,
    get workspace() {
      return workspace;
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
      while (!(await open())) await pause(LOOK_MS);
    },

    /** Goes in to a server that runs, as often as it takes. */
    async enter(isOver: () => boolean): Promise<boolean> {
      for (let first = true; !isOver(); first = false) {
        if (!first) await pause(LOOK_MS);
        const opened = await open();
        if (!opened) continue;
        const reply = opened === true ? parsed<EnterReply>(await post(`/api/workspaces/${workspace!.id}/enter`, { path })) : { state: 'entered' as const, ...opened };
        if (reply?.state === 'entered' && (await connect(reply))) return true;
      }
      return false;
    },

    /** A request of JupyterLab's, on the notebook origin. */
    lab: (at: string, { headers, ...asked }: Asked = {}) => door.ask(`${workspace!.origin}${at}`, { ...asked, headers: { origin: workspace!.origin, cookie: pass ?? '', ...headers } }),

    close: () => socket?.terminate(),
  };
}

export type Browser = ReturnType<typeof makeBrowser>;
