import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { preparePython } from './python-environment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lectern-python-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A command that behaves like a Python of some kind when it is asked what it is. */
function python(script: string): string {
  const file = join(folder, 'python');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const prepare = (command: string) => preparePython({ python: command, dir: join(folder, 'env'), onProgress: () => undefined });

test('a missing Python is named, with the setting that names another', async () => {
  await expect(prepare('/nonexistent/python')).rejects.toThrow(/no Python.*LECTERN_PYTHON/);
});

test('a Python that is too old is refused before anything is downloaded', async () => {
  await expect(prepare(python('echo 3.9.18'))).rejects.toThrow(/3\.9\.18.*too old: 3\.10/);
});

test('a Python without the venv module names the package to install', async () => {
  await expect(prepare(python('echo 3.11.2; echo "No module named ensurepip" >&2; exit 1'))).rejects.toThrow(/no venv module.*apt install python3-venv/);
});

test('a failed try leaves no half-made environment and no lock', async () => {
  await expect(prepare(python('case "$1" in -c) echo 3.12.0;; *) exit 1;; esac'))).rejects.toThrow(/venv failed/);
  expect(existsSync(join(folder, 'env'))).toBe(false);
  expect(existsSync(join(folder, 'env.lock'))).toBe(false);
});
