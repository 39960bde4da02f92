import { expect, test } from 'vitest';
import { makeRoom, type Named } from './history-quota.ts';

const at = (revision: number, sha256: string, size: number, spared = false): Named => ({ file: 'f', revision, sha256, size, createdAt: new Date(revision * 1000), spared });
const gone = (named: Named[], incoming: { sha256: string; size: number }) => makeRoom(named, incoming, 100).drop.map(({ revision }) => revision);

test('nothing goes while all finds room, and the same bytes count once', () => {
  expect(makeRoom([at(1, 'a', 60), at(2, 'a', 60), at(3, 'b', 30)], { sha256: 'a', size: 60 }, 100)).toEqual({ drop: [], bytes: 90 });
});

test('the oldest go first, as few as make room, and never what is spared', () => {
  expect(gone([at(3, 'c', 30), at(1, 'a', 30, true), at(2, 'b', 30)], { sha256: 'd', size: 30 })).toEqual([2]);
});

test('where thinning cannot make room nothing goes', () => {
  expect(makeRoom([at(1, 'a', 10), at(2, 'b', 90, true)], { sha256: 'c', size: 30 }, 100)).toEqual({ drop: [], bytes: 130 });
});
