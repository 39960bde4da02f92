import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folderOf, foldersAbove, nameOf, parsePath } from './path.ts';

const refused = (raw: string) => {
  const outcome = parsePath(raw);
  return !outcome.ok && outcome.refusal.code === 'invalid';
};

test('a path is kept as it is written, in NFC', () => {
  expect(parsePath('2-data/Caf\u0065\u0301 (1).csv')).toEqual({ ok: true, value: '2-data/Café (1).csv' });
  expect(parsePath('.hidden/__proto__')).toEqual({ ok: true, value: '.hidden/__proto__' });
});

// Seen to fail without the looks at form, controls and names.
test.each(['', '/', '/etc/passwd', 'a/', 'a//b', '.', '..', '../x', 'a/../b', 'a/./b', 'a\\b', 'a\0b', 'a\nb', 'a\u007fb', 'a\u0085b', '\ud800'])('T16 %j leaves the workspace or is no file name: refused', (raw) => {
  expect(refused(raw)).toBe(true);
});

test('names and paths longer than a disk takes are refused, counted in bytes', () => {
  expect(refused('é'.repeat(128))).toBe(true);
  expect(refused('é'.repeat(127))).toBe(false);
  expect(refused(Array.from({ length: 33 }, () => 'd').join('/'))).toBe(true);
  expect(refused(Array.from({ length: 6 }, () => 'n'.repeat(200)).join('/'))).toBe(true);
});

test('whatever is accepted is accepted again unchanged and stays below any root', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('.', '..', '/', '\\', 'a', 'e\u0301', '%2f', '\0')).map((parts) => parts.join(''))), (raw) => {
      const outcome = parsePath(raw);
      if (!outcome.ok) return;
      expect(parsePath(outcome.value)).toEqual(outcome);
      expect(new URL(`file:///root/${outcome.value.split('/').map(encodeURIComponent).join('/')}`).pathname).toMatch(/^\/root\/./);
    }),
  );
});

test('a path has a name, a folder and the folders above it', () => {
  expect(nameOf('a/b/c.txt')).toBe('c.txt');
  expect(folderOf('a/b/c.txt')).toBe('a/b');
  expect(folderOf('c.txt')).toBe('');
  expect(foldersAbove('a/b/c.txt')).toEqual(['a', 'a/b']);
});
