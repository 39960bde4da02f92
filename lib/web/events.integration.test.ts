import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import type { ServerId, WorkspaceId } from '../core/ids.ts';
import type { SiteEvent } from '../core/servers/view.ts';
import type { Actor } from '../core/users/actor.ts';
import { makeFeed } from '../core/workspaces/feed.ts';
import { eventStream } from './events.ts';

let site: TestSite;
let course: Awaited<ReturnType<TestSite['course']>>['course'];
const open: AbortController[] = [];
const patient = { timeout: 60_000, interval: 20 };

beforeAll(async () => {
  // No controller: servers are as the tests write them.
  site = await makeTestSite(inject('pythonDir'), { poolFloor: -1 });
  ({ course } = await site.course('n.ipynb', notebookOf('1')));
});
afterAll(async () => {
  for (const abort of open) abort.abort();
  await site.end();
});

let actor: Actor;
let workspace: WorkspaceId;
async function learner() {
  const person = await site.person();
  await site.hub.courses.enrol(person.id, course);
  return { actor: person, workspace: (await site.hub.workspaces.open(person.id, course)).id };
}
beforeEach(async () => {
  ({ actor, workspace } = await learner());
});

/** A browser that listens: what it was told so far, and whether the stream has ended. */
function listen(by: Actor, hub: Pick<TestSite['hub'], 'feed'> = site.hub) {
  const abort = new AbortController();
  open.push(abort);
  const response = eventStream(hub, by, abort.signal);
  const heard: SiteEvent[] = [];
  const browser = { response, heard, ended: false, leave: () => abort.abort() };
  void (async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) if (block.startsWith('data: ')) heard.push(JSON.parse(block.slice(6)) as SiteEvent);
    }
    browser.ended = true;
  })();
  return browser;
}
const states = (heard: SiteEvent[]) => heard.flatMap((event) => (event.kind === 'server' ? [event.server.state] : []));
const request = async (id = workspace) => {
  const made = await site.hub.serverStore.request(id, 'default');
  if (made === 'taken') throw new Error('taken');
  return made.ref;
};
const move = async (id: ServerId, sql: string, of = workspace) => {
  await site.hub.database.query(`UPDATE server SET ${sql} WHERE id = $1`, [id]);
  await site.hub.bus.publish({ kind: 'server', id, workspace: of });
};

test('every move of the own server is told, with place and estimate while it waits', async () => {
  const first = await learner();
  const ahead = await request(first.workspace);
  const { id } = await request();
  const browser = listen(actor);
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ kind: 'server', workspace, server: { state: 'waiting', stage: 'queued', place: 2 } }), patient);
  // Nobody announces that the queue has moved on.
  await site.hub.database.query("UPDATE server SET state = 'failed', reason = 'start', ended_at = now() WHERE id = $1", [ahead.id]);
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ server: { state: 'waiting', place: 1 } }), patient);
  await move(id, `state = 'running', address = '{"kind":"unix","path":"/x"}', instance = 'i', claimed_at = now(), marked_at = now(), active_at = now()`);
  await vi.waitFor(() => expect(states(browser.heard).at(-1)).toBe('ready'), patient);
  expect(JSON.stringify(browser.heard)).not.toContain('/x');
  await move(id, `state = 'stopped', reason = 'memory', ended_at = now()`);
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ server: { state: 'ended', reason: 'memory', say: expect.stringContaining('memory') as string } }), patient);
  browser.leave();
});

// Seen to fail: with `tell` in lib/core/workspaces/feed.ts telling every listener, the neighbour hears of the server.
test("T36 nobody hears of another's server or notebook", async () => {
  const neighbour = await learner();
  const [mine, theirs] = [listen(actor), listen(neighbour.actor)];
  const { id } = await request();
  await site.hub.workspaces.write(workspace, { path: 'n.ipynb', content: await site.hub.blobs.put(Buffer.from('{}'), Infinity), ifRevision: 0, origin: 'page' });
  await site.hub.workspaces.setEditor(workspace, 'n.ipynb', 'lab');
  await vi.waitFor(() => {
    expect(states(mine.heard)).toContain('waiting');
    expect(mine.heard).toContainEqual({ kind: 'notebook', workspace, path: 'n.ipynb', revision: 1, editor: 'lab' });
  }, patient);
  // The neighbour's own event comes after, so that nothing can still be on its way.
  const own = await request(neighbour.workspace);
  await vi.waitFor(() => expect(states(theirs.heard)).toContain('waiting'), patient);
  expect(theirs.heard.every((event) => event.kind === 'server' && event.workspace === neighbour.workspace)).toBe(true);
  expect(JSON.stringify(theirs.heard)).not.toContain(id);
  for (const each of [id, own.id]) await site.hub.database.query("UPDATE server SET state = 'failed', reason = 'start' WHERE id = $1", [each]);
});

test('a page that follows JupyterLab hears of each of its saves', async () => {
  const save = async (text: string, ifRevision: number) => site.hub.workspaces.write(workspace, { path: 'n.ipynb', content: await site.hub.blobs.put(Buffer.from(text), Infinity), ifRevision, origin: 'lab' });
  await save('{}', 0);
  const browser = listen(actor);
  await site.hub.workspaces.setEditor(workspace, 'n.ipynb', 'lab');
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ kind: 'notebook', revision: 1, editor: 'lab' }), patient);
  await save('{"a":1}', 1);
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ kind: 'notebook', revision: 2, editor: 'lab' }), patient);
  await site.hub.workspaces.setEditor(workspace, 'n.ipynb', 'page');
  await vi.waitFor(() => expect(browser.heard.at(-1)).toMatchObject({ kind: 'notebook', revision: 2, editor: 'page' }), patient);
});

// Seen to fail: without the line for `session-ended` in lib/core/workspaces/feed.ts the streams stay open.
test('T5 a sign-in that ends, or whose person is banned, is told so and its streams end; another browser of that person stays', async () => {
  const session = await site.hub.sessions.start(actor.id, { lastsMs: 60_000 });
  const [tab, otherTab, phone] = [listen(actor), listen(actor), listen({ ...actor, session })];
  await request();
  await vi.waitFor(() => expect([tab, otherTab, phone].every(({ heard }) => heard.length > 0)).toBe(true), patient);
  await site.hub.sessions.end(actor.session);
  const started = performance.now();
  await site.hub.bus.publish({ kind: 'session-ended', session: actor.session, user: actor.id });
  await vi.waitFor(() => expect(tab.ended && otherTab.ended).toBe(true), patient);
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(tab.heard.at(-1)).toEqual({ kind: 'signed-out' });
  expect(phone.ended).toBe(false);
  await site.hub.database.query('UPDATE "user" SET banned_at = now() WHERE id = $1', [actor.id]);
  await site.hub.bus.publish({ kind: 'user-changed', user: actor.id });
  await vi.waitFor(() => expect(phone.ended).toBe(true), patient);
  // A request that was let in just before the end of its sign-in hears nothing more.
  const late = listen(actor);
  await vi.waitFor(() => expect(late.ended).toBe(true), patient);
  expect(late.heard).toEqual([{ kind: 'signed-out' }]);
});

test('a thirteenth stream of one person takes the place of the first', async () => {
  const browsers = Array.from({ length: 13 }, () => listen(actor));
  await vi.waitFor(() => expect(browsers.map(({ ended }) => ended)).toEqual([true, ...Array<boolean>(12).fill(false)]), patient);
});

test('is sent as it happens: no proxy may compress or keep it', () => {
  const { response, leave } = listen(actor);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
  leave();
});

// Seen to fail with streams begun after the end of all of them: the web program that was told to end waited for them.
test('F25 once all streams have ended, one that comes over a connection that still stands ends as it begins', async () => {
  const feed = makeFeed({ ...site.hub, onError: () => undefined });
  const before = listen(actor, { feed });
  feed.close();
  await vi.waitFor(() => expect(before.ended).toBe(true), patient);
  const after = listen(actor, { feed });
  await vi.waitFor(() => expect(after.ended).toBe(true), patient);
  expect(after.response.status).toBe(200);
});
