import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDatabase } from '../../scripts/testing/database.ts';
import { readConfig } from '../config/config.ts';
import type { ServerId, WorkspaceId } from '../core/ids.ts';
import { cleaned } from '../core/text.ts';
import type { Actor } from '../core/users/actor.ts';
import { normalEmail } from '../core/users/email.ts';
import { personName } from '../core/users/password.ts';
import { makeSiteHub, type SiteHub } from '../hub.ts';
import { getFile, listFiles, postEditor, putFile } from './files.ts';
import { actOnServer, enterWorkspace } from './open.ts';

let database: Awaited<ReturnType<typeof makeDatabase>>;
let hub: SiteHub;
let actor: Actor;

beforeAll(async () => {
  database = await makeDatabase();
  const { config, secrets } = readConfig({ DATABASE_URL: database.url, LECTERN_SECRET: 'the root secret of these tests, of no worth', LECTERN_LOG_LEVEL: 'fatal' });
  hub = await makeSiteHub(config, secrets);
  const made = await hub.people.create({ email: normalEmail('ada@example.org')!, name: 'Ada', role: 'admin' });
  if (made === 'exists') throw new Error('exists');
  actor = (await hub.sessions.actor(await hub.sessions.start(made.id, { lastsMs: 600_000 })))!;
});
afterAll(async () => {
  await hub.close();
  await database.drop();
});

/** Everything UTF-16 can hold, half of it from the troublesome ends. */
const unit = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0x9f }), fc.integer({ min: 0x2000, max: 0x206f }), fc.integer({ min: 0xd800, max: 0xdfff }));
const anyText = fc.oneof(fc.array(unit, { maxLength: 40 }).map((units) => String.fromCharCode(...units)), fc.string({ unit: 'grapheme', maxLength: 120 }), fc.string({ unit: 'binary', maxLength: 8 }));

// Seen to fail without the refusal of control characters (a NUL ends in an error of the database) and of halves (they come back as U+FFFD).
test('T49 whatever is typed as a name is refused with a sentence, or comes back from the database as it was taken', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async (typed) => {
      const name = personName.safeParse(typed);
      if (!name.success) {
        expect(name.error.issues[0]!.message).toMatch(/\.$/);
        return;
      }
      await hub.people.change(actor.id, { name: name.data });
      expect((await hub.people.byId(actor.id))?.name).toBe(name.data);
      expect(personName.parse(name.data)).toBe(name.data);
    }),
    { numRuns: 300 },
  );
});

// Seen to fail with what was typed handed on as it is.
test('T49 whatever is searched for finds or does not, and is no error', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, async (typed) => {
      expect(await hub.admin.people(actor, cleaned(typed, 200))).toMatchObject({ ok: true });
    }),
    { numRuns: 100 },
  );
});

// Seen to fail without the look at the server's id: the database refuses it, and the answer is 503 and an error in the log.
test.each(['1', 'no-such', '\0', "' OR 1=1", '00000000-0000-0000-0000-000000000000'])('T49 an id that names nothing is not found: %j', async (id) => {
  const request = (init?: RequestInit) => new Request(`http://lectern.localhost:3000/api/workspaces/x/files/a.txt`, init);
  const json = { method: 'POST', body: JSON.stringify({ path: 'a.ipynb', editor: 'lab' }) };
  const workspace = id as WorkspaceId;
  const answers = await Promise.all([
    actOnServer(hub, actor, id as ServerId, 'stop'),
    actOnServer(hub, actor, id as ServerId, 'keep'),
    enterWorkspace(hub, actor, workspace, request(json)),
    getFile(hub, actor, workspace, request()),
    putFile(hub, actor, workspace, request({ method: 'PUT', body: 'x', headers: { 'if-match': '"0"', 'content-length': '1' } })),
    listFiles(hub, actor, workspace),
    postEditor(hub, actor, workspace, request(json)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(Array(answers.length).fill(404));
});
