import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { forPython, locked, pinsOf } from './python-lock.ts';

const read = (name: string) => readFileSync(join(import.meta.dirname, '..', name), 'utf8');
const hash = (letter: string) => letter.repeat(64);

test('every package of the notebook environment is locked by the hashes of its files, and no other', () => {
  const lines = read('k8s/images/notebook/requirements.lock').trim().split('\n').filter((line) => !line.startsWith('#'));
  for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+==[0-9a-z.]+( ; python_version (<|>=) "3\.\d+")?( --hash=sha256:[0-9a-f]{64})+$/);
  const pins = pinsOf(read('k8s/images/notebook/requirements.txt'));
  expect(lines.map((line) => line.split(' --hash=')[0])).toEqual(pins.map(({ name, version, marker }) => `${name}==${version}${marker ? ` ; ${marker}` : ''}`));
});

test('every package npm fetches is locked by its hash, from the registry npm is told of', () => {
  const { lockfileVersion, packages } = JSON.parse(read('package-lock.json')) as { lockfileVersion: number; packages: { [at: string]: { integrity?: string; resolved?: string; inBundle?: boolean; link?: boolean } } };
  expect(lockfileVersion).toBe(3);
  const fetched = Object.entries(packages).filter(([at, { inBundle }]) => at !== '' && !inBundle);
  expect(fetched.length).toBeGreaterThan(1_000);
  expect(fetched.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')).map(([at]) => at)).toEqual([]);
  // What is named here would be fetched from there, whatever npm is told.
  expect(fetched.filter(([, { resolved }]) => resolved !== undefined).map(([at]) => at)).toEqual([]);
});

test('what is locked of a version are its files for our platforms and its source', () => {
  const files = [
    ['a_b-1.2-py3-none-any.whl', 'a'],
    ['a_b-1.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl', 'b'],
    ['a_b-1.2-cp310-abi3-musllinux_1_2_aarch64.whl', 'c'],
    ['a-b-1.2.tar.gz', 'd'],
    ['a_b-1.2-cp311-cp311-win_amd64.whl', 'e'],
    ['a_b-1.2-cp38-cp38-manylinux2014_x86_64.whl', 'f'],
    ['a_b-1.2.1-py3-none-any.whl', '1'],
    ['a_b_c-1.2-py3-none-any.whl', '2'],
    ['a_b-1.2-cp313-cp313t-manylinux_2_17_x86_64.whl', '3'],
  ].map(([filename, letter]) => ({ filename: filename!, hashes: { sha256: hash(letter!) } }));
  expect(locked({ name: 'a-b', version: '1.2', marker: 'python_version < "3.11"' }, files)).toBe(`a-b==1.2 ; python_version < "3.11" ${['a', 'b', 'c', 'd'].map((letter) => `--hash=sha256:${hash(letter)}`).join(' ')}`);
  expect(() => locked({ name: 'a-b', version: '1.3' }, files)).toThrow('a-b 1.3');
});

test.each([
  ['a==1 --hash=sha256:x', '3.11', 'a==1 --hash=sha256:x'],
  ['a==1 ; python_version < "3.11" --hash=sha256:x', '3.11', undefined],
  ['a==1 ; python_version < "3.11" --hash=sha256:x', '3.10', 'a==1 --hash=sha256:x'],
  ['a==1 ; python_version >= "3.11" --hash=sha256:x', '3.11', 'a==1 --hash=sha256:x'],
])('%s for Python %s', (line, python, wanted) => {
  expect(forPython(line, python)).toBe(wanted);
});

test('a requirement that is no exact version is refused', () => {
  expect(() => pinsOf('numpy>=2')).toThrow('numpy>=2');
});
