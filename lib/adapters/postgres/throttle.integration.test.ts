import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDatabase as makeTestDatabase } from '../../../scripts/testing/database.ts';
import { normalEmail } from '../../core/users/email.ts';
import { makeSignIn } from '../../core/users/sign-in.ts';
import { limits } from '../../core/users/throttle.ts';
import { makePasswords } from '../argon2/passwords.ts';
import { makeDatabase, makePool } from './database.ts';
import { makePeopleStore } from './people.ts';
import { makePrisma } from './prisma.ts';
import { makeThrottle } from './throttle.ts';

const ada = { email: normalEmail('ada@example.org')!, password: 'correct horse battery staple' };
const HERE = { network: '192.0.2.1' };
const elsewhere = (n: number) => ({ network: `198.51.100.${n}` });
const own = { ...elsewhere(1), browser: 'the browser of hers' };
const refusedAs = (code: string) => ({ ok: false, refusal: { code } });

let database: Awaited<ReturnType<typeof makeTestDatabase>>;
let pool: ReturnType<typeof makePool>;
let prisma: ReturnType<typeof makePrisma>;

beforeEach(async () => {
  database = await makeTestDatabase();
  pool = makePool(database.url);
  prisma = makePrisma(pool);
});
afterEach(async () => {
  await prisma.$disconnect();
  await pool.end();
  await database.drop();
});

/** Windows end by so much sooner; the database's own clock cannot be set. */
const pass = (seconds: number) => pool.query(`UPDATE throttle SET window_ends_at = window_ends_at - $1 * interval '1 second'`, [seconds]);

// Seen to fail with the account's count among those that refuse, and, each, without what its browser and its networks have of their own.
test('T48 guesses from many networks, for a day: her browser and her network get in at once, any other after a wait, the guesser not', async () => {
  const waits: number[] = [];
  const [people, passwords] = [makePeopleStore(prisma), makePasswords()];
  const signIn = makeSignIn({ people, passwords, throttle: makeThrottle(makeDatabase(pool)), signUp: 'open', pause: async (ms) => waits.push(ms) });
  const made = await people.create({ email: ada.email, passwordHash: await passwords.hash(ada.password) });
  if (made === 'exists') throw new Error('exists');
  const inside = { ok: true, value: made.id };
  expect(await signIn.withPassword(ada.email, ada.password, HERE)).toEqual(inside);
  for (let hour = 0; hour < 24; hour += 1) {
    for (let n = 0; n <= limits.signInPerPlace.count; n += 1) await signIn.withPassword(ada.email, 'a guess', elsewhere(1));
    await Promise.all(Array.from({ length: limits.signInUnslowed.count + 1 }, (_, n) => signIn.withPassword(ada.email, 'a guess', elsewhere(2 + n))));
    expect(await signIn.withPassword(ada.email, 'the guesser’s last', elsewhere(1))).toMatchObject(refusedAs('throttled'));

    waits.length = 0;
    expect(await signIn.withPassword(ada.email, ada.password, own)).toEqual(inside);
    expect(await signIn.withPassword(ada.email, ada.password, HERE)).toEqual(inside);
    expect(waits).toEqual([]);
    expect(await signIn.withPassword(ada.email, ada.password, elsewhere(100 + hour))).toEqual(inside);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeLessThanOrEqual(5_000);
    await pass(3600);
  }
}, 120_000);
