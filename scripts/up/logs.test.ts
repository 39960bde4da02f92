import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeLogs } from './logs.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'lectern-logs-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const sizes = () => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).length]));

// Seen to fail with the file not emptied, with the old ones not moved on, and with its beginning kept in place of its end.
test('T41 the log of a program that runs on turns over: it has a size, and so many old ones are kept', () => {
  const logs = makeLogs(folder, 100);
  const program = logs.open('web');
  for (const letter of 'abcde') {
    writeSync(program, letter.repeat(900) + letter.toUpperCase().repeat(100));
    logs.turn('web');
  }
  writeSync(program, 'after');
  logs.turn('web');
  closeSync(program);
  expect(sizes()).toEqual({ 'web.log': 5, 'web.log.1': 100, 'web.log.2': 100, 'web.log.3': 100 });
  expect(['', '.1', '.2', '.3'].map((age) => readFileSync(join(folder, `web.log${age}`), 'utf8')[0])).toEqual(['a', 'E', 'D', 'C']);
});

test('a log that is not full, or not there, stays as it is', () => {
  const logs = makeLogs(folder, 100);
  logs.turn('web');
  const program = logs.open('web');
  writeSync(program, 'x'.repeat(100));
  logs.turn('web');
  closeSync(program);
  expect(sizes()).toEqual({ 'web.log': 100 });
});
