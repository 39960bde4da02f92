import type { EnterReply, Entry, OpenReply } from '../../lib/core/servers/view.ts';
import type { Answered, Asked, Door } from './door.ts';
import type { Learner } from './people.ts';

/** What the lesson's page of a learner asks of the site. @param withinMs of each question that says no other; without it, the door's */
export function makePage(door: Door, { cookie, lesson, path }: Learner, withinMs?: number) {
  let workspace: OpenReply['workspace'] | undefined;
  let revision = '';

  const site = (at: string, { headers, ...asked }: Asked = {}) => door.ask(at, { ...(withinMs && { withinMs }), ...asked, headers: { cookie, origin: door.site, ...headers } });
  const post = (at: string, body: unknown) => site(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const said = <T>(answered: Answered | undefined) => (answered?.status === 200 ? (JSON.parse(answered.text) as T) : undefined);
  const file = () => `/api/workspaces/${workspace!.id}/files/${path}`;

  /** Opens the lesson. With an entry where its server was ready within a moment. */
  async function open(): Promise<OpenReply | undefined> {
    const opened = said<OpenReply>(await post(`/api/lessons/${lesson}/open`, {}));
    workspace = opened?.workspace ?? workspace;
    return opened;
  }

  return {
    site,
    post,
    open,
    get workspace() {
      return workspace;
    },

    /** Opens the lesson and asks for the way in, once. */
    async enter(): Promise<Entry | undefined> {
      const opened = await open();
      if (!opened || opened.entry) return opened?.entry;
      const reply = said<EnterReply>(await post(`/api/workspaces/${opened.workspace.id}/enter`, { path }));
      return reply?.state === 'entered' ? reply : undefined;
    },

    /** Saves a notebook with this text in its only cell. @returns bytes that are acknowledged; none when it was not taken */
    async save(text: string): Promise<number> {
      revision ||= String((await site(file()))?.headers.etag ?? '');
      const cell = { id: 'cell-0', cell_type: 'code', source: text, metadata: {}, outputs: [], execution_count: null };
      const body = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] });
      const saved = await site(file(), { method: 'PUT', headers: { 'content-type': 'application/x-ipynb+json', 'if-match': revision }, body });
      revision = saved?.status === 200 ? `"${(JSON.parse(saved.text) as { revision: number }).revision}"` : '';
      return saved?.status === 200 ? Buffer.byteLength(body) : 0;
    },
  };
}

export type Page = ReturnType<typeof makePage>;
