import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeDatabase } from '../../scripts/testing/database.ts';
import { readConfig } from '../config/config.ts';
import type { BusEvent } from '../core/bus.ts';
import type { UserId } from '../core/ids.ts';
import { ADMIN_EMAIL } from '../core/users/admin-link.ts';
import { normalEmail } from '../core/users/email.ts';
import { emailAddress } from '../core/users/password.ts';
import { limits } from '../core/users/throttle.ts';
import { makeSiteHub, type SiteHub } from '../hub.ts';

const email = (typed: string) => normalEmail(typed)!;
const ada = { email: email('ada@example.org'), name: 'Ada', password: 'correct horse battery staple' };
const HERE = { network: '192.0.2.1' };
const elsewhere = (n: number) => ({ network: `198.51.100.${n}` });

let database: Awaited<ReturnType<typeof makeDatabase>>;
let folder: string;
let hub: SiteHub;

beforeEach(async () => {
  [database, folder] = await Promise.all([makeDatabase(), mkdtemp(join(tmpdir(), 'lectern-people-'))]);
  hub = await site();
});
afterEach(async () => {
  await hub.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const site = (settings: Record<string, string> = {}) => {
  const { config, secrets } = readConfig({ DATABASE_URL: database.url, LECTERN_SECRET: 'the root secret of these tests, of no worth', LECTERN_STATE_DIR: folder, LECTERN_LOG_LEVEL: 'fatal', ...settings });
  return makeSiteHub(config, secrets);
};

const mails = async () => (await readdir(join(folder, 'mail')).catch((): string[] => [])).filter((file) => file.endsWith('.eml'));

/** The newest mail once there are so many, and the secret of its link. */
async function mail(count: number): Promise<{ text: string; secret: string }> {
  const files = await vi.waitFor(async () => {
    const found = await mails();
    expect(found).toHaveLength(count);
    return found.sort();
  }, 20_000);
  const text = await readFile(join(folder, 'mail', files.at(-1)!), 'utf8');
  return { text, secret: /token=([\w-]+)/.exec(text)![1]! };
}

async function signUp(form = ada, at = hub): Promise<UserId> {
  const outcome = await at.signUp.withPassword(form, HERE);
  if (!outcome.ok || outcome.value.next !== 'enter') throw new Error(JSON.stringify(outcome));
  return outcome.value.user;
}

const enter = (user: UserId) => hub.sessions.start(user, { lastsMs: 60_000 });
const refusedAs = (code: string) => ({ ok: false, refusal: { code } });

describe('a password', () => {
  // Seen to fail with the part before the @ left as it was typed.
  test('T21 case variants of an address are one account', async () => {
    const user = await signUp();
    expect(await hub.signUp.withPassword({ ...ada, email: emailAddress.parse(' ADA@Example.ORG ') }, HERE)).toMatchObject(refusedAs('invalid'));
    expect(await hub.signIn.withPassword(emailAddress.parse('Ada@example.org'), ada.password, HERE)).toEqual({ ok: true, value: user });
    expect(await hub.prisma.user.count()).toBe(1);
  });

  // Seen to fail without the unique index, and with the database's refusal taken for a failure of it.
  test('T21 two sign-ups at once with one address make one account', async () => {
    const outcomes = await Promise.all([hub.signUp.withPassword(ada, HERE), hub.signUp.withPassword(ada, HERE)]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(await hub.prisma.user.count()).toBe(1);
  });

  test('T21 a megabyte is refused before anything is done with it, in a short answer', () => {
    const huge = emailAddress.safeParse('a'.repeat(1_000_000));
    expect(huge.success).toBe(false);
    expect(JSON.stringify(huge.error).length).toBeLessThan(500);
  });

  // Seen to fail without the place's key among those that are counted.
  test('T21 guesses at once from one network get no further than the limit, and then the right password is refused there', async () => {
    await signUp();
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, n) => hub.signIn.withPassword(ada.email, `guess ${n}`, elsewhere(1))));
    expect(guesses.filter((guess) => !guess.ok && guess.refusal.code === 'unauthenticated')).toHaveLength(limits.signInPerPlace.count);
    expect(await hub.signIn.withPassword(ada.email, ada.password, elsewhere(1))).toMatchObject(refusedAs('throttled'));

    const grace = { ...ada, email: email('grace@example.org') };
    await signUp(grace);
    expect(await hub.signIn.withPassword(grace.email, ada.password, elsewhere(1))).toMatchObject({ ok: true });
  });

  // Seen to fail without the address among those that are counted, and without the refund.
  test('T21 one address that tries many accounts is held back, and a classroom behind one address is not', async () => {
    await signUp();
    for (let n = 0; n < limits.signInPerNetwork.count + 5; n += 5) {
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => hub.signIn.withPassword(ada.email, ada.password, HERE)));
      expect(outcomes.every((outcome) => outcome.ok)).toBe(true);
    }
    await hub.pool.query(`UPDATE throttle SET count = $1 WHERE key = $2`, [limits.signInPerNetwork.count, `sign-in-from:${HERE.network}`]);
    expect(await hub.signIn.withPassword(email('someone@example.org'), 'guess', HERE)).toMatchObject(refusedAs('throttled'));
  });

  // Seen to fail with a count that only grows.
  test('T21 the window ends', async () => {
    await signUp();
    await Promise.all(Array.from({ length: limits.signInPerPlace.count + 1 }, () => hub.signIn.withPassword(ada.email, 'guess', HERE)));
    await hub.pool.query(`UPDATE throttle SET window_ends_at = now() - interval '1 second'`);
    expect(await hub.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject({ ok: true });
  });

  // Seen to fail with an answer for unknown people before the hash: the ratio fell to a tenth.
  test('T21 an unknown address takes as long as a known one', async () => {
    await signUp();
    const fastest = { known: Infinity, unknown: Infinity };
    // In turns, so that a busy machine slows both alike.
    for (let n = 0; n < 8; n += 1) {
      for (const [who, address] of [['known', 'ada@example.org'], ['unknown', 'nobody@example.org']] as const) {
        const start = performance.now();
        await hub.signIn.withPassword(email(address), 'guess', HERE);
        fastest[who] = Math.min(fastest[who], performance.now() - start);
      }
    }
    expect(fastest.unknown / fastest.known).toBeGreaterThan(0.4);
  });

  test('T37 is kept as argon2id', async () => {
    const user = await signUp();
    expect(await hub.people.passwordHash(user)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });
});

describe('a forgotten password', () => {
  // Seen to fail without the call that ends the sign-ins.
  test('is replaced by a link that works once, and every sign-in ends', async () => {
    const user = await signUp();
    const sessions = [await enter(user), await enter(user)];
    const events: BusEvent[] = [];
    const stop = hub.bus.subscribe((event) => events.push(event), () => undefined);
    await mail(1);
    await hub.recovery.askForReset(ada.email, HERE);
    const { secret } = await mail(2);
    await vi.waitFor(async () => {
      await hub.bus.publish({ kind: 'user-changed', user });
      expect(events).not.toHaveLength(0);
    }, 20_000);

    expect(await hub.recovery.reset(secret, 'a new password of mine')).toEqual({ ok: true, value: user });
    expect(await hub.recovery.reset(secret, 'and one more')).toMatchObject(refusedAs('not_found'));
    expect(await Promise.all(sessions.map((session) => hub.sessions.actor(session)))).toEqual([undefined, undefined]);
    await vi.waitFor(() => expect(events).toEqual(expect.arrayContaining(sessions.map((session) => ({ kind: 'session-ended', session, user })))), 20_000);
    stop();

    expect(await hub.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject(refusedAs('unauthenticated'));
    expect(await hub.signIn.withPassword(ada.email, 'a new password of mine', HERE)).toMatchObject({ ok: true });
    expect((await hub.people.byId(user))?.verified).toBe(true);
  });

  test('a late link and one for another purpose do nothing', async () => {
    await signUp();
    const { secret: verify } = await mail(1);
    await hub.recovery.askForReset(ada.email, HERE);
    const { secret: late } = await mail(2);
    await hub.pool.query(`UPDATE one_time_link SET expires_at = now() - interval '1 second' WHERE purpose = 'reset'`);
    for (const secret of [verify, late, 'invented']) expect(await hub.recovery.reset(secret, 'a new password of mine')).toMatchObject(refusedAs('not_found'));
    expect(await hub.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject({ ok: true });
  });

  test('the answer for an unknown address is the same, and no mail goes out', async () => {
    await signUp();
    await mail(1);
    expect(await hub.recovery.askForReset(email('nobody@example.org'), HERE)).toEqual(await hub.recovery.askForReset(ada.email, HERE));
    expect((await mail(2)).text).toContain('ada@example.org');
  });

  // Seen to fail with `signOutEverywhere` in place of `evict`.
  test('T20 whoever made the account without owning the address keeps no way in', async () => {
    const user = await signUp();
    await hub.prisma.account.create({ data: { userId: user, type: 'oauth', provider: 'oidc', providerAccountId: 'mallory' } });
    await mail(1);
    await hub.recovery.askForReset(ada.email, HERE);
    await hub.recovery.reset((await mail(2)).secret, 'the owner chose this one');
    expect(await hub.people.connected(user)).toEqual([]);
  });

  test('mail to one address that one network asks for is limited', async () => {
    for (let n = 0; n < limits.mailPerPlace.count; n += 1) expect(await hub.recovery.askForReset(ada.email, HERE)).toMatchObject({ ok: true });
    expect(await hub.recovery.askForReset(ada.email, HERE)).toMatchObject(refusedAs('throttled'));
  });
});

describe('T48 somebody else who knows the address', () => {
  /** Windows end and links get old, by so much; the database's own clock cannot be set. */
  const pass = (seconds: number) =>
    Promise.all([hub.pool.query(`UPDATE throttle SET window_ends_at = window_ends_at - $1 * interval '1 second'`, [seconds]), hub.pool.query(`UPDATE one_time_link SET expires_at = expires_at - $1 * interval '1 second'`, [seconds])]);
  const own = { ...elsewhere(1), browser: 'the browser of hers' };

  // Seen to fail with one count for all browsers of an account's network.
  test('T48 guesses in the very network she is in, for hours: her own browser gets in', async () => {
    const user = await signUp();
    for (let turn = 0; turn < 6; turn += 1) {
      for (let n = 0; n <= limits.signInPerPlace.count; n += 1) await hub.signIn.withPassword(ada.email, 'a guess', elsewhere(1));
      expect(await hub.signIn.withPassword(ada.email, ada.password, elsewhere(1))).toMatchObject(refusedAs('throttled'));
      expect(await hub.signIn.withPassword(ada.email, ada.password, own)).toEqual({ ok: true, value: user });
      await pass(limits.signInPerPlace.windowS);
    }
  }, 60_000);

  // Seen to fail with a copied browser's count left out: the guesses went on for ever.
  test('T48 a browser of hers that somebody copied guesses no more often than one network', async () => {
    await signUp();
    for (let n = 0; n < limits.signInPerPlace.count; n += 1) expect(await hub.signIn.withPassword(ada.email, 'a guess', own)).toMatchObject(refusedAs('unauthenticated'));
    expect(await hub.signIn.withPassword(ada.email, ada.password, { ...elsewhere(2), browser: own.browser })).toMatchObject(refusedAs('throttled'));
  });

  // Seen to fail with each link ending the one before it.
  test('T48 the link she asked for works, however many others are asked for before she opens it', async () => {
    await signUp();
    await mail(1);
    await hub.recovery.askForSignInLink(ada.email, own);
    const { secret } = await mail(2);
    for (let n = 0; n < 30; n += 1) await hub.recovery.askForSignInLink(ada.email, elsewhere(n));
    await mail(2 + limits.mailUnslowed.count + 1);
    expect(await hub.recovery.signInByLink(secret)).toMatchObject({ ok: true });
  });

  // Seen to fail with an account's count that refuses for the rest of its hour, and with the count of her browser left out.
  test('T48 link requests from many networks, for hours: mail to her is few, her browser’s request is always granted, and there is always a link that works', async () => {
    await signUp();
    let written = 1;
    for (let quarter = 0; quarter < 12; quarter += 1) {
      for (let n = 0; n < 20; n += 1) written += (await hub.recovery.askForSignInLink(ada.email, elsewhere(20 * (quarter % 10) + n))).ok ? 1 : 0;
      expect(await hub.recovery.askForSignInLink(ada.email, elsewhere(250))).toMatchObject({ ok: false, refusal: { code: 'throttled', say: expect.stringContaining('one of them has a link that still works') as string } });
      await mail(written);
      const { rows } = await hub.pool.query(`SELECT FROM one_time_link WHERE purpose = 'sign-in' AND expires_at > now() + interval '10 minutes'`);
      expect(rows.length).toBeGreaterThan(0);
      if (quarter % 4 === 0) {
        expect(await hub.recovery.askForSignInLink(ada.email, own)).toMatchObject({ ok: true });
        written += 1;
      }
      await pass(limits.mailSlowed.windowS);
    }
    // Three hours: the first few of each at once, then one a quarter; and her own three.
    expect(written).toBeLessThanOrEqual(1 + 3 * (limits.mailUnslowed.count + 4) + 3);
  }, 60_000);
});

describe('links', () => {
  test('a sign-in link lets in once, and makes the account where sign-up is open', async () => {
    await hub.recovery.askForSignInLink(ada.email, HERE);
    const { secret } = await mail(1);
    const outcome = await hub.recovery.signInByLink(secret);
    expect(outcome).toMatchObject({ ok: true });
    expect(await hub.people.byEmail(ada.email)).toMatchObject({ verified: true });
    expect(await hub.recovery.signInByLink(secret)).toMatchObject(refusedAs('not_found'));
  });

  test('the link of two clicks at once lets one of them in', async () => {
    await hub.recovery.askForSignInLink(ada.email, HERE);
    const { secret } = await mail(1);
    const outcomes = await Promise.all([hub.recovery.signInByLink(secret), hub.recovery.signInByLink(secret)]);
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });

  test('confirming the address gives what an invitation promised, once', async () => {
    await hub.prisma.invitation.create({ data: { email: ada.email, role: 'instructor' } });
    const user = await signUp();
    expect((await hub.people.byId(user))?.role).toBe('user');
    expect(await hub.recovery.verify((await mail(1)).secret, { user, caller: HERE })).toEqual({ ok: true, value: user });
    expect(await hub.people.byId(user)).toMatchObject({ verified: true, role: 'instructor' });
    expect(await hub.people.invited(ada.email)).toBe(false);
  });

  // Seen to fail without the question for the password, with any sign-in taken for the account's, and with the link used up by a wrong one.
  test('T20 the link alone confirms nothing: whoever opens it is signed in to the account, or knows its password', async () => {
    const user = await signUp();
    const { secret } = await mail(1);
    const other = await signUp({ ...ada, email: email('other@example.org') });
    expect(await hub.recovery.verify(secret, { caller: HERE })).toMatchObject(refusedAs('invalid'));
    expect(await hub.recovery.verify(secret, { user: other, caller: HERE })).toMatchObject(refusedAs('invalid'));
    expect(await hub.recovery.verify(secret, { password: 'a guess', caller: HERE })).toMatchObject(refusedAs('invalid'));
    expect(await hub.people.byId(user)).toMatchObject({ verified: false });
    expect(await hub.recovery.confirms(secret)).toBe(ada.email);
    expect(await hub.recovery.verify(secret, { password: ada.password, caller: HERE })).toEqual({ ok: true, value: user });
    expect(await hub.recovery.verify(secret, { password: ada.password, caller: HERE })).toMatchObject(refusedAs('not_found'));
    expect(await hub.recovery.confirms(secret)).toBeUndefined();
  });

  // Seen to fail with the secret kept as it is in place of its hash.
  test('T37 the database holds no secret of a link', async () => {
    await signUp();
    const { secret } = await mail(1);
    const { rows } = await hub.pool.query('SELECT * FROM one_time_link');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test('mail without a server is a file for the site’s own user, to one address, from the configured sender', async () => {
    await signUp();
    const { text } = await mail(1);
    expect(text).toMatch(/^To: ada@example\.org$/m);
    expect(text).toMatch(/^From: Lectern <lectern@localhost>$/m);
    expect(text).toContain('http://lectern.localhost:3000/verify?token=');
    expect((await stat(join(folder, 'mail', (await mails())[0]!))).mode & 0o777).toBe(0o600);
  });
});

describe('who may join', () => {
  test('closed: nobody', async () => {
    const closed = await site({ LECTERN_SIGN_UP: 'closed' });
    expect(await closed.signUp.withPassword(ada, HERE)).toMatchObject(refusedAs('forbidden'));
    await closed.recovery.askForSignInLink(ada.email, HERE);
    expect(await hub.prisma.user.count()).toBe(0);
    await closed.close();
  });

  test('by invitation: the answer does not tell who is invited, and the mail lets in', async () => {
    const invited = await site({ LECTERN_SIGN_UP: 'invited' });
    await hub.prisma.invitation.create({ data: { email: ada.email } });
    const [known, unknown] = [await invited.signUp.withPassword(ada, HERE), await invited.signUp.withPassword({ ...ada, email: email('stranger@example.org') }, HERE)];
    expect(known).toEqual(unknown);
    expect(await invited.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject(refusedAs('forbidden'));
    const confirmed = await invited.recovery.verify((await mail(1)).secret, { password: ada.password, caller: HERE });
    expect(confirmed).toMatchObject({ ok: true });
    expect(await invited.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject({ ok: true });
    expect(await hub.prisma.user.count()).toBe(1);
    await invited.close();
  });
});

describe('by invitation, whoever signs up once more', () => {
  // Seen to fail without the second mail, and with the account's password left as it was.
  test('is let in by the mail they were told of, and who signed up before under their address is not', async () => {
    const invited = await site({ LECTERN_SIGN_UP: 'invited' });
    await hub.prisma.invitation.create({ data: { email: ada.email, role: 'instructor' } });
    const stranger = { ...ada, password: 'chosen by a stranger' };
    expect(await invited.signUp.withPassword(stranger, HERE)).toEqual(await invited.signUp.withPassword(ada, HERE));
    const letter = await vi.waitFor(async () => {
      const texts = await Promise.all((await mails()).map((file) => readFile(join(folder, 'mail', file), 'utf8')));
      const found = texts.find((text) => text.includes('/link?token='));
      expect(found).toBeDefined();
      return found!;
    }, 20_000);
    const outcome = await invited.recovery.signInByLink(/token=([\w-]+)/.exec(letter)![1]!);
    expect(outcome.ok && (await hub.people.byId(outcome.value))).toMatchObject({ verified: true, role: 'instructor' });
    expect(await invited.signIn.withPassword(ada.email, stranger.password, HERE)).toMatchObject(refusedAs('unauthenticated'));
    await invited.close();
  });
});

describe('membership', () => {
  const admin = async () => {
    const made = await hub.people.create({ email: email('root@example.org'), role: 'admin', verified: true });
    if (made === 'exists') throw new Error('exists');
    return (await hub.sessions.actor(await enter(made.id)))!;
  };

  // Seen to fail without the end of the sign-ins and without `banned_at` in the query of the actor, one of the two each.
  test('a ban ends every sign-in at once and keeps the person out', async () => {
    const [by, user] = [await admin(), await signUp()];
    const session = await enter(user);
    expect(await hub.membership.setBanned(by, user, true)).toMatchObject({ ok: true });
    expect(await hub.prisma.session.count({ where: { userId: user } })).toBe(0);
    expect(await hub.sessions.actor(session)).toBeUndefined();
    expect(await hub.sessions.actor(await enter(user))).toBeUndefined();
    expect(await hub.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject(refusedAs('forbidden'));
    await hub.membership.setBanned(by, user, false);
    expect(await hub.signIn.withPassword(ada.email, ada.password, HERE)).toMatchObject({ ok: true });
  });

  test('only admins change roles, and not their own', async () => {
    const [by, user] = [await admin(), await signUp()];
    const learner = (await hub.sessions.actor(await enter(user)))!;
    expect(await hub.membership.setRole(learner, user, 'admin')).toMatchObject(refusedAs('forbidden'));
    expect(await hub.membership.setRole(by, by.id, 'user')).toMatchObject(refusedAs('forbidden'));
    expect(await hub.membership.setRole(by, user, 'instructor')).toMatchObject({ ok: true });
    expect(await hub.sessions.actor(learner.session)).toBeUndefined();
    expect((await hub.people.byId(user))?.role).toBe('instructor');
  });

  test('an expired sign-in is none', async () => {
    const session = await hub.sessions.start(await signUp(), { lastsMs: 60_000 });
    await hub.pool.query(`UPDATE session SET expires = now() - interval '1 second'`);
    expect(await hub.sessions.actor(session)).toBeUndefined();
  });
});

describe('the link that the first start prints', () => {
  test('signs in as admin once, and a new one ends the one before', async () => {
    const [first, second] = [await hub.adminLink.make(hub.config.site), await hub.adminLink.make(hub.config.site)];
    expect(second.pathname).toBe('/welcome');
    const secret = (link: URL) => link.searchParams.get('token')!;
    expect(await hub.adminLink.take(secret(first))).toMatchObject(refusedAs('not_found'));
    const outcome = await hub.adminLink.take(secret(second));
    expect(outcome.ok && (await hub.people.byId(outcome.value))?.role).toBe('admin');
    expect(await hub.adminLink.take(secret(second))).toMatchObject(refusedAs('not_found'));
  });

  // Seen to fail without the eviction: the stranger's password opened the admin's account.
  test('whoever signed up under its address before keeps no way in', async () => {
    const user = await signUp({ ...ada, email: ADMIN_EMAIL });
    const session = await enter(user);
    await hub.adminLink.take((await hub.adminLink.make(hub.config.site)).searchParams.get('token')!);
    expect(await hub.sessions.actor(session)).toBeUndefined();
    expect(await hub.signIn.withPassword(ADMIN_EMAIL, ada.password, HERE)).toMatchObject(refusedAs('unauthenticated'));
  });
});
