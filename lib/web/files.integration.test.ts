import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { makeTestSite, notebookOf, type TestSite } from '../../scripts/testing/site.ts';
import type { WorkspaceId } from '../core/ids.ts';
import type { Actor } from '../core/users/actor.ts';
import { deleteFile, getFile, listFiles, postEditor, putFile } from './files.ts';

let site: TestSite;
let course: Awaited<ReturnType<TestSite['course']>>['course'];
let actor: Actor;
let workspace: WorkspaceId;

beforeAll(async () => {
  // No controller: nothing here needs a server.
  site = await makeTestSite(inject('pythonDir'), { poolFloor: -1, settings: { LECTERN_WORKSPACE_MB: '2' } });
  ({ course } = await site.course('n.ipynb', notebookOf('1')));
});
afterAll(() => site.end());

async function learner() {
  const person = await site.person();
  await site.hub.courses.enrol(person.id, course);
  return person;
}
beforeEach(async () => {
  actor = await learner();
  workspace = (await site.hub.workspaces.open(actor.id, course)).id;
});

const origin = 'http://lectern.localhost:3000';
const url = (path: string, id: string = workspace) => `${origin}/api/workspaces/${id}/files/${path}`;
const request = (method: string, path: string, headers: Record<string, string> = {}, body?: BodyInit) => new Request(url(path), { method, headers: { origin, ...headers }, ...(body !== undefined && { body, duplex: 'half' }) } as RequestInit);
const lengthOf = (body: string | Uint8Array) => String(Buffer.byteLength(body));
const save = (path: string, body: string | Uint8Array<ArrayBuffer>, revision: number | string = 0, by = actor, headers: Record<string, string> = {}) =>
  putFile(site.hub, by, workspace, request('PUT', path, { 'if-match': `"${revision}"`, 'content-length': lengthOf(body), ...headers }, body));
const read = (path: string, by = actor, headers: Record<string, string> = {}) => getFile(site.hub, by, workspace, request('GET', path, headers));
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

describe('a save', () => {
  test('is answered with its revision and read back as it was', async () => {
    const bytes = randomBytes(1_500_000);
    const saved = await save('data/caf%C3%A9%20(1).bin', bytes);
    expect([saved.status, saved.headers.get('etag'), await saved.json()]).toEqual([200, '"1"', { revision: 1 }]);
    const back = await read('data/cafe%CC%81%20(1).bin');
    expect(Buffer.from(await back.arrayBuffer()).equals(bytes)).toBe(true);
    expect(back.headers.get('etag')).toBe('"1"');
    expect((await read('data/caf%C3%A9%20(1).bin', actor, { 'if-none-match': '"1"' })).status).toBe(304);
  });

  test('of an older revision says which is newest, and both versions are there to be offered', async () => {
    const notebook = (text: string) => JSON.stringify(notebookOf(text));
    await save('n.ipynb', notebook('theirs'));
    await save('n.ipynb', notebook('theirs, later'), 1);
    const stale = await save('n.ipynb', notebook('mine'), 1);
    expect([stale.status, await stale.json()]).toMatchObject([409, { code: 'stale', revision: 2 }]);
    expect(await (await read('n.ipynb')).text()).toBe(notebook('theirs, later'));
    expect((await save('n.ipynb', notebook('mine'), 2)).status).toBe(200);
    expect(await site.hub.workspaces.revisions(workspace, 'n.ipynb')).toHaveLength(3);
  });

  test('says which revision it is based on, and how long it is or what it hashes to', async () => {
    for (const headers of [{}, { 'if-match': '3' }, { 'if-match': '"*"' }, { 'if-match': '"1", "2"' }] as Record<string, string>[]) {
      expect((await putFile(site.hub, actor, workspace, request('PUT', 'a', { 'content-length': '1', ...headers }, 'x'))).status).toBe(400);
    }
    expect((await putFile(site.hub, actor, workspace, request('PUT', 'a', { 'if-match': '"0"' }, 'x'))).status).toBe(400);
  });

  // Seen to fail: without the comparison of lengths in lib/core/workspaces/save.ts the cut file is saved with a 200.
  test('T22 of a body cut short, longer, or not what was announced changes nothing', async () => {
    await save('a.txt', 'whole');
    const digest = (text: string) => ({ 'content-digest': `sha-256=:${createHash('sha256').update(text).digest('base64')}:` });
    for (const [body, headers] of [['cut', { 'content-length': '10' }], ['longer', { 'content-length': '2' }], ['forged', digest('real')]] as const) {
      const response = await save('a.txt', body, 1, actor, headers);
      expect([response.status, await codeOf(response)]).toEqual([400, 'invalid']);
    }
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('half'));
        controller.error(new Error('the browser went away'));
      },
    });
    expect((await putFile(site.hub, actor, workspace, request('PUT', 'a.txt', { 'if-match': '"1"', 'content-length': '100' }, broken))).status).toBe(400);
    expect(await (await read('a.txt')).text()).toBe('whole');
    expect((await save('a.txt', 'right', 1, actor, digest('right'))).status).toBe(200);
  });

  // Seen to fail: without `parseNotebook` in lib/core/workspaces/save.ts they are saved.
  test('T25 of what is no notebook, or is nested without end, is refused where a notebook should be', async () => {
    for (const body of ['{', '[]', '{"nbformat":3,"worksheets":[]}', `{"nbformat":4,"cells":${'['.repeat(100_000)}${']'.repeat(100_000)}}`]) {
      expect((await save('n.ipynb', body)).status).toBe(400);
    }
    expect((await read('n.ipynb')).status).toBe(404);
  });

  // Seen to fail: with neither the comparison with the limit in lib/adapters/postgres/workspaces.ts nor the question for room in save.ts the second file is saved.
  test('F21 past the quota says which and how much, and room is made without a server', async () => {
    await save('big.bin', randomBytes(1_600_000));
    const full = await save('more.bin', randomBytes(600_000));
    expect([full.status, await full.json()]).toMatchObject([507, { code: 'quota', usedBytes: 1_600_000, limitBytes: 2 * 1024 * 1024, say: expect.stringContaining('1.5 MB of 2.0 MB') as string }]);
    // The question for room and the limit of the put hold it, each by itself.
    expect(await site.hub.database.query('SELECT 1 FROM blob WHERE size = 600000')).toEqual([]);
    expect((await (await listFiles(site.hub, actor, workspace)).json())).toMatchObject({ usedBytes: 1_600_000, limitBytes: 2 * 1024 * 1024, files: [{ path: 'big.bin' }] });
    const gone = await deleteFile(site.hub, actor, workspace, request('DELETE', 'big.bin'));
    expect([gone.status, await gone.json()]).toEqual([200, { usedBytes: 0 }]);
    expect((await save('more.bin', randomBytes(600_000))).status).toBe(200);
    const huge = await save('huge.bin', randomBytes(3 * 1024 * 1024));
    expect([huge.status, await codeOf(huge)]).toEqual([413, 'too_large']);
  });

  // Seen to fail with the put not taken back, after the write and after the hash.
  test('T47 that is refused leaves none of its bytes: something in the way, another hash, no room beside earlier versions, too many files', async () => {
    await save('a', 'a file');
    const blobs = async () => (await site.hub.database.query('SELECT 1 FROM blob')).length;
    const before = await blobs();
    const refused = async (path: string, headers: Record<string, string> = {}) => {
      const response = await save(path, randomBytes(1_100_000), 0, actor, headers);
      expect([response.ok, await blobs()]).toEqual([false, before]);
      return codeOf(response);
    };
    expect(await refused('a/b')).toBe('invalid');
    expect(await refused('b', { 'content-digest': `sha-256=:${createHash('sha256').update('another').digest('base64')}:` })).toBe('invalid');
    await site.hub.database.query("INSERT INTO revision (file_id, revision, sha256, size, origin) SELECT id, 2, sha256('x'), 8 << 20, 'lesson' FROM file WHERE workspace_id = $1", [workspace]);
    await site.hub.database.query('UPDATE workspace SET history_bytes = 8 << 20 WHERE id = $1', [workspace]);
    expect(await refused('c')).toBe('quota');
    await site.hub.database.query('UPDATE workspace SET history_bytes = 0 WHERE id = $1', [workspace]);
    await site.hub.database.query("INSERT INTO file (workspace_id, path, kind, revision) SELECT $1, 'd' || n, 'directory', 1 FROM generate_series(1, 19999) n", [workspace]);
    expect(await refused('d')).toBe('invalid');
  });

  // Seen to fail with `allow` left out of the put: nothing is ever refused. With known bytes counted like new ones the same bytes at another name are.
  test('T47 past a person’s new bytes of an hour says when it goes on and keeps nothing; small ones and known ones go on, and after the hour all do', async () => {
    const large = () => randomBytes(1_500_000);
    const last = large();
    for (let revision = 0; revision < 10; revision += 1) expect((await save('big.bin', large(), revision)).status).toBe(200);
    expect((await save('big.bin', last, 10)).status).toBe(200);
    const blobs = async () => (await site.hub.database.query('SELECT 1 FROM blob')).length;
    const before = await blobs();
    const refused = await save('big.bin', large(), 11);
    expect([refused.status, await refused.json()]).toMatchObject([507, { code: 'quota', limitBytes: 16 << 20, retryAfterS: expect.any(Number) as number, say: expect.stringMatching(/16\.0 MB of new data within an hour .* It goes on in (an hour|\d+ minutes)\./) as string }]);
    expect(await blobs()).toBe(before);
    expect((await save('n.ipynb', JSON.stringify(notebookOf('typed meanwhile')))).status).toBe(200);
    expect((await save('small.bin', randomBytes(300_000))).status).toBe(200);
    await deleteFile(site.hub, actor, workspace, request('DELETE', 'big.bin'));
    expect((await save('the same.bin', last)).status).toBe(200);
    const another = await learner();
    expect((await putFile(site.hub, another, (await site.hub.workspaces.open(another.id, course)).id, new Request(url('x', (await site.hub.workspaces.open(another.id, course)).id), { method: 'PUT', headers: { 'if-match': '"0"', 'content-length': '1500000' }, body: large() }))).status).toBe(200);
    await site.hub.database.query("UPDATE throttle SET window_ends_at = now() WHERE key LIKE 'bytes:%'");
    expect((await save('the same.bin', large(), 1)).status).toBe(200);
  });

  test('by the page waits while JupyterLab edits the notebook', async () => {
    await save('n.ipynb', JSON.stringify(notebookOf('1')));
    await site.hub.workspaces.setEditor(workspace, 'n.ipynb', 'lab');
    expect(await codeOf(await save('n.ipynb', JSON.stringify(notebookOf('2')), 1))).toBe('locked');
    const back = await postEditor(site.hub, actor, workspace, new Request(origin, { method: 'POST', body: JSON.stringify({ path: 'n.ipynb', editor: 'page' }) }));
    expect([back.status, await back.json()]).toEqual([200, { editor: 'page' }]);
    expect((await save('n.ipynb', JSON.stringify(notebookOf('2')), 1)).status).toBe(200);
  });
});

// Seen to fail: with `inline` for every name all but the last two do.
describe('T15 bytes a person made never become a page of the site', () => {
  test.each([['x.html', 'attachment'], ['x.svg', 'attachment'], ['x.pdf', 'attachment'], ['x.js', 'attachment'], ['x.xhtml', 'attachment'], ['x', 'attachment'], ['x.constructor', 'attachment'], ['x.png', 'inline'], ['x.csv', 'inline']])('%s', async (name, disposition) => {
    await save(name, '<script>alert(1)</script>');
    const { headers } = await read(name);
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-disposition')).toMatch(new RegExp(`^${disposition}; filename\\*=UTF-8''x`));
    expect(headers.get('content-type')).toMatch(disposition === 'inline' ? /^(image\/png|text\/plain)/ : /^application\/octet-stream$/);
  });

  test('a name cannot write headers', async () => {
    const path = encodeURIComponent('x";\u2028\'(é).html');
    await save(path, 'x');
    expect((await read(path)).headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''x%22%3B%E2%80%A8%27%28%C3%A9%29.html");
  });
});

// Seen to fail: without the check of slashes in `pathOf` and of names in `parsePath` all but %ff are saved.
test.each(['..%2f..%2fetc%2fpasswd', 'a%2fb', '%2e%2e%2fx', 'a%00b', 'a%0d%0ab', '%ff', 'a%5cb', '%2e/%2e%2e%5c'])('T16 no path leaves the workspace: %s', async (path) => {
  expect([400, 404]).toContain((await read(path)).status);
  expect([400, 404]).toContain((await save(path, 'x')).status);
  expect(await site.hub.workspaces.files(workspace)).toEqual([]);
});

// Seen to fail: without the comparison of owners in lib/core/workspaces/own.ts the neighbour reads the file.
test("T26 another person's files are not there, whatever one's role in the course or on the site", async () => {
  await save('a.txt', 'mine');
  for (const other of [await learner(), await site.person('instructor'), await site.person('admin')]) {
    for (const response of [
      await read('a.txt', other),
      await save('a.txt', 'theirs', 1, other),
      await deleteFile(site.hub, other, workspace, request('DELETE', 'a.txt')),
      await listFiles(site.hub, other, workspace),
      await postEditor(site.hub, other, workspace, new Request(origin, { method: 'POST', body: '{"path":"a.ipynb","editor":"page"}' })),
    ]) expect([response.status, await codeOf(response)]).toEqual([404, 'not_found']);
  }
  for (const id of ['x', '../../x', "' OR 1=1"]) expect((await listFiles(site.hub, actor, id as WorkspaceId)).status).toBe(404);
  await site.hub.database.query('DELETE FROM enrolment WHERE user_id = $1', [actor.id]);
  expect((await read('a.txt')).status).toBe(403);
});
