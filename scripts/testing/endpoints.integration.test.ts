import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { POST as openLesson } from '../../app/api/lessons/[lessonId]/open/route.ts';
import { POST as keepServer } from '../../app/api/servers/[id]/keep/route.ts';
import { POST as stopServer } from '../../app/api/servers/[id]/stop/route.ts';
import { POST as setEditor } from '../../app/api/workspaces/[id]/editor/route.ts';
import { POST as enter } from '../../app/api/workspaces/[id]/enter/route.ts';
import { DELETE, PUT } from '../../app/api/workspaces/[id]/files/[...path]/route.ts';
import type { WorkspaceId } from '../../lib/core/ids.ts';
import { makeTestSite, notebookOf, type TestSite } from './site.ts';

const origin = 'http://lectern.localhost:3000';
let site: TestSite;
let workspace: WorkspaceId;

beforeAll(async () => {
  site = await makeTestSite(inject('pythonDir'), { poolFloor: -1 });
  (globalThis as { lecternSiteHub?: unknown }).lecternSiteHub = Promise.resolve(site.hub);
  const { course } = await site.course('n.ipynb', notebookOf('1'));
  const actor = await site.person();
  await site.hub.courses.enrol(actor.id, course);
  workspace = (await site.hub.workspaces.open(actor.id, course)).id;
});
afterAll(() => site.end());

// Seen to fail: without the check of Origin in lib/web/respond.ts these go on to ask who is signed in.
test.each([['foreign', 'http://evil.example'], ['null', 'null'], ['a sibling notebook', 'http://abcdefghijklmnopqr27.nb.lectern.localhost:3000'], ['a longer name', `${origin}.evil`], ['none', undefined]])('T22 unsafe requests of another origin are refused: %s', async (_, foreign) => {
  const headers = { ...(foreign && { origin: foreign }), 'if-match': '"0"', 'content-length': '1', 'x-forwarded-host': 'lectern.localhost:3000' };
  const context = { params: Promise.resolve({ id: workspace, lessonId: 'x' }) };
  const calls = [['PUT', PUT], ['DELETE', DELETE], ['POST', stopServer], ['POST', keepServer], ['POST', openLesson], ['POST', enter], ['POST', setEditor]] as const;
  for (const [method, call] of calls) {
    const response = await call(new Request(`${origin}/api/workspaces/${workspace}/files/a.txt`, { method, headers, ...(method === 'PUT' && { body: 'x' }) }), context);
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'forbidden' }]);
  }
  expect(await site.hub.workspaces.files(workspace)).toEqual([]);
});
