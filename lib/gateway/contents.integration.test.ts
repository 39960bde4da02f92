import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { Sha256 } from '../core/ids.ts';
import { ask, makeWorld, type Person, type World } from './world.fixture.ts';

let world: World;
let ada: Person;
let cookie: string;
let server: Awaited<ReturnType<World['addJupyter']>>;

beforeAll(async () => {
  world = await makeWorld();
  ada = await world.addPerson();
  server = await world.addJupyter(ada, inject('pythonDir'));
}, 300_000);
afterAll(() => world?.close());
beforeEach(async () => {
  cookie = await world.cookieOf(ada);
});

type Model = { path: string; type: string; content?: unknown; message?: string };

async function contents(method: string, path: string, body?: object): Promise<{ status: number; model: Model }> {
  const answered = await ask(world.port, ada.host, `/api/contents${path}`, { method, headers: { cookie, origin: ada.origin, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  return { status: answered.status, model: (answered.body.startsWith('{') ? JSON.parse(answered.body) : {}) as Model };
}

const textFile = (content: string) => ({ type: 'file', format: 'text', content });
const onDisk = async (path: string) => (await contents('GET', `/${path}?content=1`)).model.content;

/** The bytes the database has of the path. */
async function stored(path: string): Promise<string | undefined> {
  const file = await world.hub.workspaces.file(ada.wsp, path);
  return file?.kind === 'file' ? text(file.sha256) : undefined;
}

async function text(sha256: Sha256): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await world.hub.blobs.get(sha256))!.bytes) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test('a save is in the database when JupyterLab hears of it, and the manifest says so', async () => {
  const saved = await contents('PUT', '/notes.txt', textFile('first'));
  expect(saved).toMatchObject({ status: 201, model: { path: 'notes.txt', type: 'file' } });
  expect(await stored('notes.txt')).toBe('first');
  expect((await contents('PUT', '/notes.txt', textFile('second'))).status).toBe(200);
  expect(await stored('notes.txt')).toBe('second');
  const file = await world.hub.workspaces.file(ada.wsp, 'notes.txt');
  const revisions = await world.hub.workspaces.revisions(ada.wsp, 'notes.txt');
  expect(revisions.map(({ origin }) => origin)).toEqual(['lab', 'lab']);
  expect((await world.hub.workspaces.manifest(server.ref.id)).get('notes.txt')).toMatchObject({ revision: file!.revision });
});

test('what Jupyter names itself is kept under that name: new files, copies, folders', async () => {
  const folder = await contents('PUT', '/work', { type: 'directory' });
  expect(folder.status).toBe(201);
  const made = await contents('POST', '/work', { type: 'notebook' });
  expect(made.model.path).toBe('work/Untitled.ipynb');
  const copy = await contents('POST', '/work', { copy_from: 'work/Untitled.ipynb' });
  expect(copy.model.path).toBe('work/Untitled-Copy1.ipynb');
  expect(await stored('work/Untitled.ipynb')).toBe(await stored('work/Untitled-Copy1.ipynb'));
  expect((await world.hub.workspaces.file(ada.wsp, 'work'))?.kind).toBe('directory');
});

test('a folder that is renamed takes its files along, in the database and in the manifest', async () => {
  await contents('PUT', '/old', { type: 'directory' });
  await contents('PUT', '/old/a.txt', textFile('a'));
  expect((await contents('PATCH', '/old', { path: 'new' })).model.path).toBe('new');
  expect(await stored('new/a.txt')).toBe('a');
  expect(await stored('old/a.txt')).toBeUndefined();
  const manifest = await world.hub.workspaces.manifest(server.ref.id);
  const file = await world.hub.workspaces.file(ada.wsp, 'new/a.txt');
  expect(manifest.get('new/a.txt')?.revision).toBe(file!.revision);
  expect(manifest.has('old/a.txt')).toBe(false);
});

test('a rename that Jupyter refuses is undone', async () => {
  await contents('PUT', '/from.txt', textFile('from'));
  expect((await contents('PATCH', '/from.txt', { path: 'no-such-folder/to.txt' })).status).toBeGreaterThanOrEqual(400);
  expect(await stored('from.txt')).toBe('from');
  expect((await contents('PATCH', '/from.txt', { path: 'notes.txt' })).status).toBe(409);
  expect(await stored('from.txt')).toBe('from');
  expect(await onDisk('from.txt')).toBe('from');
});

test('what is deleted is gone on both sides, and its revisions stay', async () => {
  await contents('PUT', '/bin.txt', textFile('bin'));
  expect((await contents('DELETE', '/bin.txt')).status).toBe(204);
  expect(await stored('bin.txt')).toBeUndefined();
  expect((await world.hub.workspaces.revisions(ada.wsp, 'bin.txt')).length).toBe(1);
  expect((await contents('GET', '/bin.txt')).status).toBe(404);
});

test('a chunked upload is kept whole at its last chunk, and not before', async () => {
  const chunk = (number: number, content: string) => contents('PUT', '/data.bin', { type: 'file', format: 'base64', chunk: number, content: Buffer.from(content).toString('base64') });
  expect((await chunk(1, 'one ')).status).toBe(201);
  expect(await stored('data.bin')).toBeUndefined();
  expect((await chunk(2, 'two ')).status).toBeLessThan(300);
  expect(await stored('data.bin')).toBeUndefined();
  expect((await chunk(-1, 'three')).status).toBeLessThan(300);
  expect(await stored('data.bin')).toBe('one two three');
});

test('a checkpoint is kept, and going back to it is a save', async () => {
  await contents('PUT', '/book.ipynb', notebook('before'));
  const { status, model } = await contents('POST', '/book.ipynb/checkpoints');
  expect(status).toBe(201);
  expect(await stored('.ipynb_checkpoints/book-checkpoint.ipynb')).toContain('before');
  await contents('PUT', '/book.ipynb', notebook('after'));
  expect(await stored('book.ipynb')).toContain('after');
  expect((await contents('POST', `/book.ipynb/checkpoints/${(model as unknown as { id: string }).id}`)).status).toBe(204);
  expect(await stored('book.ipynb')).toContain('before');
});

// Seen to fail with every path taken for a checkpoint's in which a folder is called so, one name before its end.
test('files of a folder called checkpoints are files like others', async () => {
  // Jupyter makes no folder of this name, and takes one that was made otherwise.
  await contents('PUT', '/folder', { type: 'directory' });
  expect((await contents('PATCH', '/folder', { path: 'checkpoints' })).status).toBe(200);
  expect((await contents('PUT', '/checkpoints/notes.txt', textFile('mine'))).status).toBe(201);
  expect(await stored('checkpoints/notes.txt')).toBe('mine');
  expect((await contents('PATCH', '/checkpoints/notes.txt', { path: 'checkpoints/other.txt' })).model.path).toBe('checkpoints/other.txt');
  expect((await contents('DELETE', '/checkpoints/other.txt')).status).toBe(204);
  expect(await stored('checkpoints/other.txt')).toBeUndefined();

  await contents('PUT', '/checkpoints/a.ipynb', notebook('kept'));
  expect((await contents('POST', '/checkpoints/a.ipynb/checkpoints')).status).toBe(201);
  expect(await stored('checkpoints/.ipynb_checkpoints/a-checkpoint.ipynb')).toContain('kept');
  expect((await contents('DELETE', '/checkpoints/a.ipynb/checkpoints/checkpoint')).status).toBe(204);
  expect(await stored('checkpoints/.ipynb_checkpoints/a-checkpoint.ipynb')).toBeUndefined();
  expect(await stored('checkpoints/a.ipynb')).toContain('kept');
});

// Not seen to fail: Jupyter refuses it by itself, whatever the gateway takes it for.
test('a name that Jupyter takes for a checkpoint’s is not written below a folder called checkpoints', async () => {
  expect((await contents('PUT', '/checkpoints/README', textFile('x'))).status).toBe(405);
  expect(await stored('checkpoints/README')).toBeUndefined();
});

const notebook = (source: string) => ({
  type: 'notebook',
  format: 'json',
  content: { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ id: 'a', cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null }] },
});

test('settings and layouts of JupyterLab are kept like files', async () => {
  const send = (path: string, body: object) => ask(world.port, ada.host, path, { method: 'PUT', headers: { cookie, origin: ada.origin, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const theme = JSON.stringify({ theme: 'JupyterLab Dark' });
  expect((await send('/lab/api/settings/@jupyterlab/apputils-extension:themes', { raw: theme })).status).toBe(204);
  expect(await stored('.jupyter/lab/user-settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings')).toBe(theme);
  expect((await send('/lab/api/workspaces/auto-T', { data: {}, metadata: { id: 'auto-T' } })).status).toBe(204);
  const layouts = (await world.hub.workspaces.files(ada.wsp)).filter(({ path }) => path.endsWith('.jupyterlab-workspace'));
  expect(layouts).toHaveLength(1);
});

// Seen to fail with the restore left out: the disk keeps what the database refused.
test('a save the database refuses is refused to JupyterLab, and the disk has the old bytes again', async () => {
  await contents('PUT', '/big.txt', textFile('small'));
  const large = 'x'.repeat(1_100_000);
  const refused = await contents('PUT', '/big.txt', textFile(large));
  expect(refused.status).toBe(507);
  expect(refused.model.message).toMatch(/full/);
  expect(await onDisk('big.txt')).toBe('small');
  expect((await contents('PUT', '/new-big.txt', textFile(large))).status).toBe(507);
  expect((await contents('GET', '/new-big.txt')).status).toBe(404);
});

// Seen to fail with `isOnPage` always false.
test('a lesson’s notebook is not written by JupyterLab while its page edits it', async () => {
  await contents('PUT', '/lesson.ipynb', notebook('mine'));
  await world.query(`UPDATE file SET lesson_version_id = gen_random_uuid() WHERE workspace_id = $1 AND path = 'lesson.ipynb'`, [ada.wsp]);
  const refused = await contents('PUT', '/lesson.ipynb', notebook('theirs'));
  expect(refused).toMatchObject({ status: 409, model: { message: expect.stringMatching(/lesson page/) as string } });
  expect(await stored('lesson.ipynb')).toContain('mine');
  await world.hub.workspaces.setEditor(ada.wsp, 'lesson.ipynb', 'lab');
  expect((await contents('PUT', '/lesson.ipynb', notebook('theirs'))).status).toBe(200);
  expect(await stored('lesson.ipynb')).toContain('theirs');
});

test('a path that leaves the workspace, or is read in two ways, is refused', async () => {
  for (const path of ['/..%2fx', '/%2e%2e/x', '/a%5cb', '/a%00', '/a%2fb', '//x']) expect((await contents('PUT', path, textFile('x'))).status, path).toBe(400);
});

// Seen to fail with the answer sent before the commit.
test('saves at the moment the server is killed: every one that was acknowledged is in the database', async () => {
  let acknowledged = 0;
  const kept: { path: string; content: string }[] = [];
  const save = async (writer: number, number: number) => {
    const [path, content] = [`writer-${writer}.txt`, `${writer} ${number}`];
    const { status } = await contents('PUT', `/${path}`, textFile(content)).catch(() => ({ status: 0 }));
    if (status !== 200 && status !== 201) return;
    acknowledged += 1;
    kept.push({ path, content });
  };
  for (let number = 0; acknowledged < 100; ) {
    let killed = false;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      while (!killed) await save(writer, (number += 1));
    });
    const enough = Math.min(100, acknowledged + randomInt(30, 50));
    await expect.poll(() => acknowledged, { timeout: 120_000, interval: 2 }).toBeGreaterThanOrEqual(enough);
    await server.kill();
    killed = true;
    await Promise.all(writers);
    server = await world.addJupyter(ada, inject('pythonDir'));
  }
  const contentsOf = new Map<string, Set<string>>();
  for (const { path } of kept) {
    if (contentsOf.has(path)) continue;
    const revisions = await world.hub.workspaces.revisions(ada.wsp, path);
    contentsOf.set(path, new Set(await Promise.all(revisions.map(({ sha256 }) => text(sha256!)))));
  }
  expect(kept.filter(({ path, content }) => !contentsOf.get(path)!.has(content))).toEqual([]);
  expect(kept.length).toBeGreaterThanOrEqual(100);
}, 600_000);

test('JupyterLab itself is served, and three openings of a notebook at once make one session and one kernel', async () => {
  const page = await ask(world.port, ada.host, '/lab', { headers: { cookie, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe', accept: 'text/html' } });
  expect(page.status).toBe(200);
  expect(page.headers['content-security-policy']).toBe(`frame-ancestors 'self' ${world.config.site.origin}`);
  await contents('PUT', '/one.ipynb', notebook('1'));
  const open = () => ask(world.port, ada.host, '/api/sessions', { method: 'POST', headers: { cookie, origin: ada.origin, 'content-type': 'application/json' }, body: JSON.stringify({ path: 'one.ipynb', name: 'one.ipynb', type: 'notebook', kernel: { name: 'python3' } }) });
  const opened = (await Promise.all([open(), open(), open()])).map(({ body }) => JSON.parse(body) as { id: string; kernel: { id: string } });
  expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
  expect(new Set(opened.map(({ kernel }) => kernel.id)).size).toBe(1);
});
