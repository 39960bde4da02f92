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

test('what nobody used for a week goes when the next is made', async () => {
  const old = await kept('thing', 'old', fill, cache);
  const recent = await kept('thing', 'recent', fill, cache);
  const tenDaysAgo = new Date(Date.now() - 10 * 24 * 3_600_000);
  utimesSync(old, tenDaysAgo, tenDaysAgo);
  await kept('thing', 'new', fill, cache);
  expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
});

test('a key tells where one part ends and the next begins', () => {
  expect(keyOf('ab', 'c')).not.toBe(keyOf('a', 'bc'));
});
