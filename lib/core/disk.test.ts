import { expect, test } from 'vitest';
import { floorOf, isDiskFull, makeDiskWatch, roomFor, sayShortage, type Shortage, type Volume } from './disk.ts';
import { UpstreamError } from './errors.ts';
import { Withheld } from './workspaces/blobs.ts';

const MB = 1024 * 1024;
const GB = 1024 * MB;

test('the floor is two gigabytes, or a tenth of a small volume', () => {
  expect([floorOf(100 * GB), floorOf(20 * GB), floorOf(5 * GB)]).toEqual([2 * GB, 2 * GB, GB / 2]);
});

test('F28 a large write has to leave the floor free; a megabyte or less always finds room', () => {
  expect(roomFor(10 * MB, 2 * GB + 10 * MB, 2 * GB)).toBe(true);
  expect(roomFor(10 * MB, 2 * GB + 9 * MB, 2 * GB)).toBe(false);
  expect(roomFor(MB, 0, 2 * GB)).toBe(true);
});

test('a full disk is known by its code, wherever among the causes', () => {
  const coded = (code: string) => Object.assign(new Error('full'), { code });
  expect([new UpstreamError('database', 'query 53100', coded('53100')), coded('ENOSPC'), new Error('a spool', { cause: coded('EDQUOT') })].map(isDiskFull)).toEqual([true, true, true]);
  const ring = new Error('a ring');
  ring.cause = ring;
  expect([coded('53200'), coded('EPIPE'), undefined, 'ENOSPC', ring].map(isDiskFull)).toEqual([false, false, false, false, false]);
});

function watched(volume: Volume | undefined) {
  const seen = { volume, looks: 0, at: 0, told: [] as Shortage[] };
  const look = async () => ((seen.looks += 1), seen.volume);
  return { seen, watch: makeDiskWatch({ disk: { look }, now: () => seen.at, tell: (shortage) => seen.told.push(shortage) }) };
}
const small = { totalBytes: 100 * MB, freeBytes: 50 * MB };

// Seen to fail with the bytes that were allowed not taken off what was seen: all twenty are.
test('F28 what was let through since the last look counts, so that many at once do not pass the floor together', async () => {
  const { seen, watch } = watched(small);
  const asked = await Promise.allSettled(Array.from({ length: 20 }, () => watch.allow(8 * MB)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
  expect(seen.looks).toBe(1);
  await expect(watch.allow(8 * MB)).rejects.toThrow(Withheld);
  seen.at = 6_000;
  await watch.allow(8 * MB);
  expect(seen.looks).toBe(2);
});

test('F28 where the volume cannot be known, or not just now, large writes go on until the disk says that it is full', async () => {
  const { seen, watch } = watched(undefined);
  await watch.allow(8 * MB);
  expect(watch.isToBlame(new Error('something else'))).toBe(false);
  expect(seen.told).toEqual([]);
  expect(watch.isToBlame(Object.assign(new Error('full'), { code: '53100' }))).toBe(true);
  expect(seen.told).toEqual([{ state: 'full' }]);
  const away = makeDiskWatch({ disk: { look: () => Promise.reject(new Error('away')) }, tell: () => undefined });
  await away.allow(8 * MB);
});

// Seen to fail with each shortage told as it is met: 1,003 times.
test('F28 a shortage is told when it begins, when it gets worse and once an hour, and anew after there was room', async () => {
  const { seen, watch } = watched({ ...small, freeBytes: 5 * MB });
  const full = () => watch.isToBlame(Object.assign(new Error('full'), { code: 'ENOSPC' }));
  for (let n = 0; n < 1_000; n += 1) await watch.allow(2 * MB).catch(() => undefined);
  expect(seen.told.map(({ state }) => state)).toEqual(['short']);
  full();
  full();
  expect(seen.told.map(({ state }) => state)).toEqual(['short', 'full']);
  seen.at = 30 * 60_000;
  expect(await watch.look()).toMatchObject({ state: 'short' });
  expect(seen.told).toHaveLength(2);
  seen.at = 61 * 60_000;
  await watch.look();
  expect(seen.told).toHaveLength(3);
  seen.volume = small;
  expect(await watch.look()).toBeUndefined();
  seen.volume = { ...small, freeBytes: 1 };
  await watch.look();
  expect(seen.told).toHaveLength(4);
});

test('admins read what is refused, how much is free, and what to do', () => {
  expect(sayShortage({ state: 'short', freeBytes: 900 * MB, floorBytes: 2 * GB })).toContain('900 MB of the database’s volume are free, and 2048 MB are the floor.');
  expect(sayShortage({ state: 'full' })).toMatch(/^A write found no room .* Nothing that was acknowledged is lost\./);
});
