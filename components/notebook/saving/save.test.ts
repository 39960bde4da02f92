import { expect, test } from 'vitest';
import { retryMs, saveDueAt, saveText } from './save.ts';

test('a save comes two seconds after the last change', () => {
  expect(saveDueAt(1_000, 1_000)).toBe(3_000);
  expect(saveDueAt(1_000, 4_000)).toBe(6_000);
});

test('who types without a pause is saved every ten seconds', () => {
  expect(saveDueAt(1_000, 10_900)).toBe(11_000);
});

test('tries become rarer and never cease', () => {
  expect([0, 1, 2, 20].map(retryMs)).toEqual([1_000, 2_000, 4_000, 30_000]);
});

// Seen to fail with `locked` passed over.
test('work that is in this browser alone says so, and why', () => {
  expect(saveText({ state: 'offline', tries: 0 })).toBe('Offline: kept in this browser');
  expect(saveText({ state: 'offline', tries: 0, locked: true })).toBe('Open in JupyterLab: kept in this browser');
  expect(saveText({ state: 'unread' })).toBe('Not saved: the site cannot be reached');
});
