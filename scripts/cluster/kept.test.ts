import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { kept, keyOf } from './kept.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'lectern-kept-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const fill = async (into: string) => writeFileSync(join(into, 'file'), 'made');

test('what is kept is made once, even when two ask at once', async () => {
  let made = 0;
  const make = async (into: string) => {
    made++;
    await fill(into);
  };
  const [first, second] = await Promise.all([kept('thing', 'a', make, cache), kept('thing', 'a', make, cache)]);
  expect(await kept('thing', 'a', make, cache)).toBe(first);
  expect(second).toBe(first);
  expect(made).toBe(1);
});

test('a making that fails leaves nothing behind', async () => {
  const failing = async (into: string) => {
    await fill(into);
    throw new Error('no network');
  };
  await expect(kept('thing', 'a', failing, cache)).rejects.toThrow('no network');
  expect(readdirSync(join(cache, 'thing'))).toEqual([]);
});

test('the oldest go when one is made, unless somebody may be using them', async () => {
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  const made = await Promise.all(Array.from({ length: 8 }, (_, at) => kept('thing', `${at}`, fill, cache)));
  made.forEach((path, at) => utimesSync(path, hoursAgo(at), hoursAgo(at)));
  utimesSync(made[7]!, hoursAgo(0.5), hoursAgo(0.5));
  await kept('thing', 'new', fill, cache);
  expect(made.map((path) => existsSync(path))).toEqual([true, true, true, true, false, false, false, true]);
});

test('a key tells where one part ends and the next begins', () => {
  expect(keyOf('ab', 'c')).not.toBe(keyOf('a', 'bc'));
});
