import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { migrate } from '../../scripts/migrate.ts';
import { startOnSmallVolume, whyNoVolume } from '../../scripts/testing/small-volume.ts';
import { readConfig } from '../config/config.ts';
import { isDiskFull, type Shortage } from '../core/disk.ts';
import type { CourseId, Sha256, UserId, WorkspaceId } from '../core/ids.ts';
import { anySecrets, anyServer } from '../core/servers/server.fixture.ts';
import type { Actor, SiteRole } from '../core/users/actor.ts';
import type { Email } from '../core/users/email.ts';
import { makeLabSave } from '../core/workspaces/lab-save.ts';
import { makeSiteHub, type SiteHub } from '../hub.ts';
import { getFile, putFile } from './files.ts';
import { handler } from './respond.ts';

const origin = 'http://lectern.localhost:3000';
const MB = 1024 * 1024;
const why = whyNoVolume();

let place: Awaited<ReturnType<typeof startOnSmallVolume>>;
let stateDir: string;
let hub: SiteHub;
let course: CourseId;

beforeAll(async () => {
  if (why) return;
  place = await startOnSmallVolume(160);
  migrate(place.url);
  stateDir = mkdtempSync(join(tmpdir(), 'lectern-disk-'));
  const { config, secrets } = readConfig({ DATABASE_URL: place.url, LECTERN_SECRET: 'the root secret of these tests, of no worth', LECTERN_STATE_DIR: stateDir, LECTERN_LOG_LEVEL: 'fatal', LECTERN_WORKSPACE_MB: '50' });
  hub = await makeSiteHub(config, secrets);
  (globalThis as { lecternSiteHub?: Promise<SiteHub> }).lecternSiteHub = Promise.resolve(hub);
  const author = await anyone('instructor');
  ({ id: course } = await hub.authoring.create(author.id, { slug: 'c', title: 'C', summary: '', modules: [] }));
  await hub.authoring.setPublished(course, true);
});
afterAll(async () => {
  delete (globalThis as { lecternSiteHub?: Promise<SiteHub> }).lecternSiteHub;
  await hub?.close();
  await place?.end();
  if (stateDir) rmSync(stateDir, { recursive: true });
});

async function anyone(role: SiteRole = 'user'): Promise<Actor> {
  const email = `${randomBytes(6).toString('hex')}@example.org`;
  const { rows } = await hub.pool.query<{ id: UserId }>('INSERT INTO "user" (email, role) VALUES ($1, $2) RETURNING id', [email, role]);
  return { id: rows[0]!.id, session: 's' as Actor['session'], role, name: 'Any', email };
}

async function learner() {
  const actor = await anyone();
  await hub.courses.enrol(actor.id, course);
  return { actor, workspace: (await hub.workspaces.open(actor.id, course)).id };
}

const request = (workspace: WorkspaceId, path: string, bytes?: Buffer<ArrayBuffer>, revision = 0) =>
  new Request(`${origin}/api/workspaces/${workspace}/files/${path}`, bytes && { method: 'PUT', headers: { origin, 'if-match': `"${revision}"`, 'content-length': String(bytes.length) }, body: bytes });

// Seen to fail without `isToBlame` in `handler` (503, "something went wrong") and without `disk` among the ends of an arrival (400, "did not arrive whole"), without `isDiskFull` in lab-save.ts ("unavailable"), and with Prisma's error for the cause of what people were refused.
test('F28 a full volume: saves are refused as such, admins are told once, what was acknowledged is there, and with room saves go on', async (context) => {
  if (why) context.skip(why);
  const told: Shortage[] = [];
  hub.toTell.push((shortage) => told.push(shortage));
  const admin = await anyone('admin');
  const { actor, workspace } = await learner();
  const put = handler((sent: Request) => putFile(hub, actor, workspace, sent));
  const acknowledged: { path: string; sha256: string }[] = [];
  const save = async (path: string, size: number) => {
    const bytes = randomBytes(size);
    const response = await put(request(workspace, path, bytes), undefined);
    if (response.status === 200) acknowledged.push({ path, sha256: createHash('sha256').update(bytes).digest('hex') });
    return response;
  };
  for (let n = 0; n < 10; n += 1) await save(`before-${n}.bin`, 200_000);
  const makeRoom = place.leave(0);
  let refused: Response | undefined;
  for (let n = 0; n < 500 && !refused; n += 1) {
    const response = await save(`during-${n}.bin`, 200_000);
    if (response.status !== 200) refused = response;
  }
  expect([refused?.status, await refused?.json()]).toMatchObject([507, { code: 'disk_full', say: expect.stringContaining('disk is full') as string }]);
  for (let n = 0; n < 5; n += 1) expect((await save(`refused-${n}.bin`, 400_000)).status).toBe(507);

  // A body that waits on a full disk, before the database is asked.
  vi.stubEnv('TMPDIR', place.volume);
  try {
    const arriving = await save('arriving.bin', 2 * MB);
    expect([arriving.status, await arriving.json()]).toMatchObject([507, { code: 'disk_full' }]);
  } finally {
    vi.unstubAllEnvs();
  }

  const disk = { read: async () => ({ size: 600_000, sha256: '' as Sha256, bytes: sent() }), putBack: async () => ({ written: new Map(), refused: [] }), remove: async () => undefined };
  async function* sent() {
    yield randomBytes(600_000);
  }
  const lab = makeLabSave({ ...hub, jupyter: disk, limitBytes: hub.config.workspaceBytes });
  const access = { ref: anyServer(), address: { kind: 'unix' as const, path: '/nowhere' }, secrets: anySecrets() };
  expect(await lab.save({ workspace, access }, 'by the lab.bin', async () => ({ state: 'done' }))).toMatchObject({ ok: false, refusal: { code: 'disk_full' } });
  // People go through Prisma.
  const long = () => `${randomBytes(600).toString('hex')}@example.org` as Email;
  const noRoom = await (async () => { for (let n = 0; n < 500; n += 1) await hub.people.create({ email: long() }); })().catch((error: unknown) => error);
  expect(isDiskFull(noRoom)).toBe(true);

  expect(told).toMatchObject([{ state: 'full' }]);
  expect(await hub.admin.overview(admin)).toMatchObject({ ok: true, value: { shortage: { state: 'full' } } });
  const mails = () => readdirSync(join(stateDir, 'mail')).map((name) => readFileSync(join(stateDir, 'mail', name), 'utf8'));
  await vi.waitFor(() => expect(mails()).toHaveLength(1), { timeout: 20_000 });
  expect(mails()[0]).toContain(admin.email);

  makeRoom();
  for (let n = 0; n < 10; n += 1) expect((await save(`after-${n}.bin`, 200_000)).status).toBe(200);
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  for (const { path, sha256 } of acknowledged) {
    const back = await getFile(hub, actor, workspace, request(workspace, path));
    expect(createHash('sha256').update(Buffer.from(await back.arrayBuffer())).digest('hex')).toBe(sha256);
  }
});
