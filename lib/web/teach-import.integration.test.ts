import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDatabase } from '../../scripts/testing/database.ts';
import { readConfig } from '../config/config.ts';
import { importLimits } from '../core/courses/import/limits.ts';
import type { ImportReport } from '../core/courses/import/report.ts';
import type { LessonId, UserId } from '../core/ids.ts';
import type { Actor, SiteRole } from '../core/users/actor.ts';
import { makeSiteHub, type SiteHub } from '../hub.ts';
import { getAsset } from './courses-assets.ts';
import { checkUpload, importUpload } from './teach-import.ts';

const SITE = 'http://lectern.localhost:3000';

let database: Awaited<ReturnType<typeof makeDatabase>>;
let hub: SiteHub;
beforeAll(async () => {
  database = await makeDatabase();
  const { config, secrets } = readConfig({ DATABASE_URL: database.url, LECTERN_SECRET: 'the root secret of these tests, of no worth', LECTERN_SITE_URL: SITE, LECTERN_LOG_LEVEL: 'fatal' });
  hub = await makeSiteHub(config, secrets);
});
afterAll(async () => {
  await hub?.close();
  await database?.drop();
});

async function anyone(role: SiteRole = 'user'): Promise<Actor> {
  const email = `${randomBytes(6).toString('hex')}@example.org`;
  const { rows } = await hub.pool.query<{ id: UserId }>('INSERT INTO "user" (email, role) VALUES ($1, $2) RETURNING id', [email, role]);
  return { id: rows[0]!.id, session: 's' as Actor['session'], role, name: 'Any', email };
}

const video = randomBytes(3_000_000);
const files: Record<string, Buffer> = {
  'one/a.ipynb': Buffer.from(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ id: 'a', cell_type: 'markdown', metadata: {}, source: '# A\n![](x.png)' }] })),
  'one/x.png': Buffer.from('png'),
  'one/page.html': Buffer.from('<script>alert(1)</script>'),
  'one/run.js': Buffer.from('alert(1)'),
  'one/paper.pdf': Buffer.from('%PDF'),
  'one/drawing.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  'one/unknown.xyz': Buffer.from('?'),
  'one/film.webm': video,
  'two/b.ipynb': Buffer.from(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] })),
};

function upload(from: Record<string, Buffer>, headers: Record<string, string> = {}): Request {
  const list = Object.entries(from).map(([name, bytes]) => ({ name, size: bytes.length }));
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(list)}\n`), ...Object.values(from)]);
  return new Request(`${SITE}/api/courses`, { method: 'POST', body, headers: { 'content-length': String(body.length), ...headers } });
}

async function publishedCourse() {
  const author = await anyone('instructor');
  const made = await importUpload(hub, author, upload(files));
  expect(made.status).toBe(200);
  const { id, slug } = (await made.json()) as { id: Parameters<typeof hub.authoring.setPublished>[0]; slug: string };
  await hub.authoring.setPublished(id, true);
  const outline = (await hub.courses.outline(slug))!;
  return { author, id, slug, lesson: outline.modules[0]!.lessons[0]!.id };
}

const asset = (actor: Actor, lesson: string, path: string, headers: Record<string, string> = {}) => getAsset(hub, actor, new Request(`${SITE}/api/assets/${lesson}/${path}`, { headers }));

test('the dry run keeps nothing, and the import makes what it showed', async () => {
  const author = await anyone('instructor');
  const { rows: before } = await hub.pool.query('SELECT count(*)::int AS n FROM blob');
  const report = (await (await checkUpload(hub, author, upload(files))).json()) as ImportReport;
  expect(report.course?.modules.map((module) => module.lessons.map((lesson) => lesson.title))).toEqual([['A'], ['B']]);
  expect((await hub.pool.query('SELECT count(*)::int AS n FROM blob')).rows).toEqual(before);
  expect((await hub.authoring.taught(author.id)).length).toBe(0);

  const made = (await (await importUpload(hub, author, upload(files))).json()) as { slug: string };
  const lesson = await hub.courses.lesson(made.slug, 'a', { drafts: true });
  expect(lesson?.version.assets.map(({ path }) => path).sort()).toEqual(Object.keys(files).filter((name) => name.startsWith('one/') && !name.endsWith('.ipynb')).sort());
});

// Seen to fail: without the look at mayAuthor a learner's upload is answered with 200.
test('T26 only who may make courses may upload, and a bad upload makes nothing', async () => {
  for (const act of [checkUpload, importUpload]) {
    expect((await act(hub, await anyone('user'), upload(files))).status).toBe(403);
    expect((await act(hub, await anyone('admin'), upload(files))).status).toBe(200);
  }
  const author = await anyone('instructor');
  expect((await importUpload(hub, author, upload({ 'bad.ipynb': Buffer.from('{') }))).status).toBe(400);
  expect(await hub.authoring.taught(author.id)).toEqual([]);
});

// Seen to fail without the looks at the length that is announced.
test('T25 an upload that says it is too large, or not how large it is, is refused before it is read', async () => {
  const author = await anyone('instructor');
  expect((await checkUpload(hub, author, upload(files, { 'content-length': String(importLimits.uploadBytes + 1) }))).status).toBe(413);
  const silent = new Request(`${SITE}/api/courses`, { method: 'POST', body: 'x' });
  expect((await checkUpload(hub, author, silent)).status).toBe(400);
});

/** An upload that promises its files and sends a few bytes; `end` sends nothing more. */
function standing() {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from(`${JSON.stringify([{ name: 'a.ipynb', size: 1_000 }])}\n{`));
      await ended;
      controller.close();
    },
  });
  return { end, request: new Request(`${SITE}/api/courses`, { method: 'POST', body, duplex: 'half', headers: { 'content-length': '1040' } } as RequestInit) };
}

// Seen to fail, each, with the turn taken before the upload is here, and with no bound for what is on its way.
test('T46 uploads that stand keep nobody else from importing, and their own person from more of them', async () => {
  const [ada, eve, bob] = [await anyone('instructor'), await anyone('instructor'), await anyone('instructor')];
  const stuck = [standing(), standing(), standing(), standing()];
  const answers = stuck.map(({ request }, n) => checkUpload(hub, n < 2 ? ada : eve, request));
  expect((await checkUpload(hub, ada, upload(files))).status).toBe(429);
  expect(await Promise.all([bob, bob].map(async (author) => (await checkUpload(hub, author, upload(files))).status))).toEqual([200, 200]);
  for (const { end } of stuck) end();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  expect((await checkUpload(hub, ada, upload(files))).status).toBe(200);
});

// Seen to fail: with the plain type of the extension and no other header, the page and the script are served as such.
test('T15 an asset is never a page of the site: sandboxed, never sniffed, of a listed type or a download', async () => {
  const { author, lesson } = await publishedCourse();
  for (const path of Object.keys(files).filter((name) => name.startsWith('one/') && !name.endsWith('.ipynb'))) {
    const { headers, status } = await asset(author, lesson, path);
    expect([path, status]).toEqual([path, 200]);
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const inline = /\.(png|webm)$/.test(path);
    expect([path, headers.get('content-disposition')?.split(';')[0]]).toEqual([path, inline ? 'inline' : 'attachment']);
    expect(headers.get('content-type')).not.toMatch(/html|javascript/);
  }
});

// Seen to fail, each, with readers let in, with every instructor taken for the author, and with drafts shown to all.
test('T15 an asset goes to the enrolled and to teachers of this course only', async () => {
  const { author, id, lesson } = await publishedCourse();
  const learner = await anyone();
  const status = async (actor: Actor) => (await asset(actor, lesson, 'one/x.png')).status;
  expect([await status(learner), await status(await anyone('instructor')), await status(author), await status(await anyone('admin'))]).toEqual([403, 403, 200, 200]);
  await hub.courses.enrol(learner.id, id);
  expect(await status(learner)).toBe(200);
  await hub.authoring.setPublished(id, false);
  expect([await status(learner), await status(author)]).toEqual([404, 200]);
});

// Seen to fail: with names that hold a decoded slash accepted, `one%2fx.png` is answered with the file.
test('T16 a path reaches the files of its own lesson and nothing else', async () => {
  const { author, lesson } = await publishedCourse();
  const { lesson: other } = await publishedCourse();
  for (const path of ['../../etc/passwd', 'one%2fx.png', 'one%2Fx.png', 'one%5cx.png', 'one/x.png%00', '%2e%2e/x.png', 'one//x.png', 'two/b.ipynb', 'one/a.ipynb', 'one/%', 'one/x.png%0d%0aset-cookie:a=b']) {
    const { status } = await asset(author, lesson, path);
    expect([path, status]).toEqual([path, expect.toSatisfy((code: number) => code === 400 || code === 404)]);
  }
  expect((await asset(author, other, 'one/x.png')).status).toBe(403);
  expect((await asset(author, 'not-a-lesson' as LessonId, 'one/x.png')).status).toBe(404);
});

test('a video is sent in the ranges its player asks for', async () => {
  const { author, lesson } = await publishedCourse();
  const whole = await asset(author, lesson, 'one/film.webm');
  expect(whole.headers.get('accept-ranges')).toBe('bytes');
  expect(Buffer.from(await whole.arrayBuffer()).equals(video)).toBe(true);

  const part = await asset(author, lesson, 'one/film.webm', { range: 'bytes=1048570-2097160' });
  expect(part.status).toBe(206);
  expect(part.headers.get('content-range')).toBe(`bytes 1048570-2097160/${video.length}`);
  expect(Buffer.from(await part.arrayBuffer()).equals(video.subarray(1_048_570, 2_097_161))).toBe(true);

  expect((await asset(author, lesson, 'one/film.webm', { range: `bytes=${video.length}-` })).status).toBe(416);
  const etag = whole.headers.get('etag')!;
  expect((await asset(author, lesson, 'one/film.webm', { 'if-none-match': etag })).status).toBe(304);
  expect((await asset(author, lesson, 'one/film.webm', { range: 'bytes=0-1', 'if-range': '"another"' })).status).toBe(200);
});

// Seen to fail with the budget left out of the import, and with the earlier files' puts not taken back.
test('T47 an import past its author’s new bytes of an hour makes no course and leaves nothing of its files', async () => {
  const author = await anyone('instructor');
  await hub.pool.query("INSERT INTO throttle (key, count, window_ends_at) VALUES ($1, $2, now() + interval '10 minutes')", [`import-bytes:${author.id}`, (16 * importLimits.unpackedBytes) / 1024 - 2_000]);
  const blobs = async () => (await hub.pool.query('SELECT count(*)::int AS n FROM blob')).rows[0] as { n: number };
  const before = await blobs();
  const all = { ...files, 'one/x.png': randomBytes(900), 'one/film.webm': randomBytes(3_000_000) };
  const refused = await importUpload(hub, author, upload(all));
  expect([refused.status, await refused.json()]).toMatchObject([507, { code: 'quota', say: expect.stringContaining('10 minutes') as string }]);
  expect(await blobs()).toEqual(before);
  expect(await hub.authoring.taught(author.id)).toEqual([]);
  await hub.pool.query('UPDATE throttle SET window_ends_at = now() WHERE key = $1', [`import-bytes:${author.id}`]);
  expect((await importUpload(hub, author, upload(all))).status).toBe(200);
});
