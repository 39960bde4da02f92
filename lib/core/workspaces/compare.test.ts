import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sha256 } from '../ids.ts';
import type { DiskEntry } from '../servers/jupyter.ts';
import { compare, conflictName, type Action } from './compare.ts';
import { parsePath } from './path.ts';
import type { ManifestEntry, WorkspaceFile } from './store.ts';

const now = new Date('2026-11-23T04:45:10Z');
const sha = (letter: string) => letter.repeat(64) as Sha256;

type Known = [revision: number, bytes?: string];
type Stored = [revision: number, bytes?: string];
type OnDisk = string | 'folder';

const entry = (path: string, [revision, bytes]: Known): [string, ManifestEntry] => [path, { path, revision, ...(bytes && { sha256: sha(bytes) }) }];
const stored = (path: string, [revision, bytes]: Stored): WorkspaceFile =>
  bytes ? { path, kind: 'file', revision, sha256: sha(bytes), size: 1, updatedAt: now } : { path, kind: 'directory', revision, updatedAt: now };
const listed = (path: string, what: OnDisk): DiskEntry => (what === 'folder' ? { kind: 'directory', path } : { kind: 'file', path, size: 1, sha256: sha(what), modifiedMs: 0 });

/** What is done about one path of which these are the three accounts. */
function one(path: string, known: Known | undefined, onDisk: OnDisk | undefined, newest: Stored | undefined, complete = true): Action | undefined {
  const actions = compare(new Map(known ? [entry(path, known)] : []), { entries: onDisk ? [listed(path, onDisk)] : [], complete }, newest ? [stored(path, newest)] : [], now);
  expect(actions.length).toBeLessThanOrEqual(1);
  return actions[0];
}

describe('of one file', () => {
  test.each<[string, Known | undefined, OnDisk | undefined, Stored | undefined, Partial<Action> | undefined]>([
    ['all agree: nothing', [1, 'a'], 'a', [1, 'a'], undefined],
    ['a notebook lies on the disk as Jupyter wrote it: nothing', [1, 'j'], 'j', [1, 'a'], undefined],
    ['written by code: committed', [1, 'a'], 'b', [1, 'a'], { do: 'commit', ifRevision: 1 }],
    ['made by code: a new file', undefined, 'b', undefined, { do: 'commit', ifRevision: 0 }],
    ['deleted by code: deleted', [1, 'a'], undefined, [1, 'a'], { do: 'delete', revision: 1 }],
    ['saved by the page: put', [1, 'a'], 'a', [2, 'b'], { do: 'put' }],
    ['saved by the page and deleted by code: put again', [1, 'a'], undefined, [2, 'b'], { do: 'put' }],
    ['never put: put', undefined, undefined, [1, 'a'], { do: 'put' }],
    ['deleted by the page: removed', [1, 'a'], 'a', undefined, { do: 'remove' }],
    ['deleted by the page and written by code: a new file', [1, 'a'], 'b', undefined, { do: 'commit', ifRevision: 0 }],
    ['deleted by both: forgotten', [1, 'a'], undefined, undefined, { do: 'forget' }],
    ['written by both: both are kept', [1, 'a'], 'b', [2, 'c'], { do: 'keep-both', copy: 'd/n (from the server 2026-11-23 0445).csv' }],
    ['written by both, the same: known', [1, 'a'], 'b', [2, 'b'], { do: 'adopt', revision: 2 }],
    ['made on both sides: both are kept', undefined, 'b', [1, 'c'], { do: 'keep-both' }],
    ['put, but the note of it was lost: known', undefined, 'a', [1, 'a'], { do: 'adopt', revision: 1 }],
    ['a folder made by code: a folder', undefined, 'folder', undefined, { do: 'make-directory' }],
    ['a folder deleted by the page: removed', [1], 'folder', undefined, { do: 'remove' }],
    ['a file that became a folder: deleted first', [1, 'a'], 'folder', [1, 'a'], { do: 'delete' }],
    ['a folder that became a file: committed', [1], 'b', [1], { do: 'commit', ifRevision: 1 }],
    ['a folder where the workspace has a newer file: left alone', [1, 'a'], 'folder', [2, 'b'], { do: 'skip', why: 'kind' }],
  ])('%s', (_, known, onDisk, newest, wanted) => {
    const action = one('d/n.csv', known, onDisk, newest);
    if (wanted) expect(action).toMatchObject(wanted);
    else expect(action).toBeUndefined();
  });
});

const knowns: (Known | undefined)[] = [undefined, [1, 'a'], [1, 'b'], [1]];
const disks: (OnDisk | undefined)[] = [undefined, 'a', 'b', 'c', 'folder'];
const newests: (Stored | undefined)[] = [undefined, [1, 'a'], [2, 'a'], [2, 'b'], [2, 'd'], [1], [2]];
const every = knowns.flatMap((known) => disks.flatMap((disk) => newests.map((newest) => ({ known, disk, newest }))));

describe('of every combination', () => {
  test('a walk that saw less than all deletes, removes and forgets nothing for want of having seen it', () => {
    for (const { known, newest } of every) expect(one('f', known, undefined, newest, false)).toBeUndefined();
  });

  test('bytes on the disk that nobody has seen are kept', () => {
    for (const { known, disk, newest } of every) {
      if (!disk || disk === 'folder' || known?.[1] === disk || newest?.[1] === disk) continue;
      expect(['commit', 'keep-both']).toContain(one('f', known, disk, newest)?.do);
    }
  });

  test('a revision the disk never had is neither deleted nor overwritten', () => {
    for (const { known, disk, newest } of every) {
      if (!newest || newest[0] === known?.[0]) continue;
      expect(['put', 'keep-both', 'adopt', 'skip', undefined]).toContain(one('f', known, disk, newest)?.do);
    }
  });

  test('what is committed names the revision the disk was made from', () => {
    for (const { known, disk, newest } of every) {
      const action = one('f', known, disk, newest);
      if (action?.do === 'commit') expect(action.ifRevision).toBe(newest?.[0] ?? 0);
    }
  });
});

describe('of many files', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'é', 'e\u0301', '..', 'c.txt'), { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  const world = fc.record({
    manifest: fc.uniqueArray(fc.tuple(path, fc.constantFrom<Known>([1, 'a'], [1, 'b'], [1])), { selector: ([at]) => at }),
    disk: fc.uniqueArray(fc.tuple(path, fc.constantFrom<OnDisk>('a', 'b', 'folder')), { selector: ([at]) => at }),
    files: fc.uniqueArray(fc.tuple(path, fc.constantFrom<Stored>([1, 'a'], [2, 'b'], [2])), { selector: ([at]) => at }),
    complete: fc.boolean(),
  });
  const normal = <T>(pairs: [string, T][]) => pairs.flatMap(([at, what]): [string, T][] => {
    const parsed = parsePath(at);
    return parsed.ok ? [[parsed.value, what]] : [];
  });

  test('each path is settled once, copies take no name that is taken, and what was not seen is left alone', () => {
    fc.assert(
      fc.property(world, ({ manifest, disk, files, complete }) => {
        const entries = disk.map(([at, what]) => listed(at, what));
        const newest = [...new Map(normal(files))].map(([at, what]) => stored(at, what));
        const actions = compare(new Map(normal(manifest).map(([at, known]) => entry(at, known))), { entries, complete }, newest, now);
        const settled = actions.filter((action) => action.do !== 'skip').map((action) => action.path);
        expect(new Set(settled).size).toBe(settled.length);
        const taken = new Set([...entries.map((each) => each.path.normalize('NFC')), ...newest.map((each) => each.path)]);
        for (const action of actions) {
          if (action.do === 'keep-both') expect(taken.has(action.copy)).toBe(false);
          if (!complete && (action.do === 'delete' || action.do === 'forget')) expect(entries.some((each) => each.path.normalize('NFC') === action.path)).toBe(true);
          // A folder is removed with all that is in it, so all that is in it must be going.
          if (action.do === 'remove' && action.disk.kind === 'directory') {
            const inside = entries.filter((each) => each.path.normalize('NFC').startsWith(`${action.path}/`));
            for (const each of inside) if (parsePath(each.path).ok) expect(actions.some((other) => other.do === 'remove' && other.path === each.path.normalize('NFC'))).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('names that cannot be kept are said, and of two names that are one in NFC the first is', () => {
    const entries = [listed('a\nb', 'a'), listed('é', 'a'), listed('e\u0301', 'b')];
    expect(compare(new Map(), { entries, complete: true }, [], now)).toEqual([
      { do: 'commit', path: 'é', disk: entries[1], ifRevision: 0 },
      { do: 'skip', path: 'a\nb', why: 'name' },
      { do: 'skip', path: 'e\u0301', why: 'twice' },
    ]);
  });

  test('a folder deleted by the page stays when code wrote something into it', () => {
    const actions = compare(new Map([entry('d', [1])]), { entries: [listed('d', 'folder'), listed('d/new', 'a')], complete: true }, [], now);
    expect(actions).toEqual([{ do: 'make-directory', path: 'd' }, expect.objectContaining({ do: 'commit', path: 'd/new' })]);
  });

  test('deletions come before what may take their place', () => {
    const actions = compare(new Map([entry('x', [1, 'a'])]), { entries: [listed('x', 'folder'), listed('x/y', 'b')], complete: true }, [stored('x', [1, 'a'])], now);
    expect(actions.map((action) => [action.do, action.path])).toEqual([['delete', 'x'], ['commit', 'x/y']]);
  });
});

test('a copy is named after the file, the server and the time, is free, and fits a disk', () => {
  expect(conflictName('a/b.tar.gz', now, new Set())).toBe('a/b.tar (from the server 2026-11-23 0445).gz');
  expect(conflictName('.env', now, new Set())).toBe('.env (from the server 2026-11-23 0445)');
  expect(conflictName('b', now, new Set(['b (from the server 2026-11-23 0445)']))).toBe('b (from the server 2026-11-23 0445 2)');
  const long = conflictName(`${'é'.repeat(120)}.csv`, now, new Set());
  expect(parsePath(long)).toMatchObject({ ok: true });
});
