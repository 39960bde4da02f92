import { expect, test } from 'vitest';
import { identify } from './identify.ts';
import { checkNotebook } from './notebook.ts';

const text = (value: string) => new TextEncoder().encode(value);
const notebook = '{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"id":"a","cell_type":"code","metadata":{},"source":"print(\\"ä NaN\\")","outputs":[],"execution_count":null}]}';
const utf16 = (value: string, mark: boolean, big: boolean) => {
  const bytes = Buffer.from(`${mark ? '\ufeff' : ''}${value}`, 'utf16le');
  return new Uint8Array(big ? bytes.swap16() : bytes);
};

test.each<[string, Uint8Array, string, RegExp]>([
  ['nothing', text(''), 'empty', /is empty/],
  ['blanks only', text(' \n\n'), 'empty', /nothing but blanks/],
  ['a zip archive', new Uint8Array([0x50, 0x4b, 3, 4, 20, 0]), 'not_a_notebook', /zip archive/],
  ['a gzip', new Uint8Array([0x1f, 0x8b, 8, 0]), 'not_a_notebook', /gzip/],
  ['a PDF', text('%PDF-1.7\n'), 'not_a_notebook', /PDF/],
  ['bytes that are no text', new Uint8Array([0x7b, 0xff, 0xfe]), 'json', /not UTF-8/],
])('a file called .ipynb that holds %s is named for what it is', (_what, bytes, code, say) => {
  expect(identify('x.ipynb', bytes)).toEqual({ is: 'other', problem: { severity: 'error', code, file: 'x.ipynb', say: expect.stringMatching(say) as string } });
});

test.each([
  ['with its mark, little end first', utf16(notebook, true, false)],
  ['with its mark, big end first', utf16(notebook, true, true)],
  ['without a mark', utf16(notebook, false, false)],
  ['without a mark, big end first', utf16(notebook, false, true)],
])('UTF-16 %s is read, and said', (_what, bytes) => {
  expect(identify('x.ipynb', bytes)).toMatchObject({ is: 'text', text: notebook, problems: [{ severity: 'note', code: 'encoding' }] });
});

test('UTF-8 is read without a word, its mark left out', () => {
  expect(identify('x.ipynb', text(`\ufeff${notebook}`))).toEqual({ is: 'text', text: notebook, problems: [] });
});

test.each([
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'not_a_notebook', /git lfs pull/, undefined],
  ['a web page', '\n<!DOCTYPE html>\n<html lang="en">', 'not_a_notebook', /web page/, undefined],
  ['an unfinished merge', `{\n "cells": [\n<<<<<<< HEAD\n  {}\n=======\n  {"a":1}\n>>>>>>> theirs\n ]}`, 'merge', /merge by Git/, 3],
  ['a script', 'import numpy as np\n', 'json', /script/, 1],
])('what is no JSON is told apart: %s', (_what, given, code, say, line) => {
  const { state, problems } = checkNotebook('x.ipynb', given);
  expect(state).toBe('bad');
  expect(problems).toEqual([expect.objectContaining({ code, say: expect.stringMatching(say) as string })]);
  expect(problems[0]?.line).toBe(line);
});

// Seen to fail with V8's own place, which it does not name for a wrong symbol: the end of the file was named.
test.each([
  ['a wrong word', '{\n "a": tru\n}', 2, 7],
  ['a comma too many', '{\n "a": 1,\n}', 3, 1],
  ['a line end in a string', '{"a": "x\ny"}', 1, 7],
  ['an end too early', '{"a": 1', 1, 8],
  ['something behind the end', '{"a": 1}\nx', 2, 1],
])('the place where JSON breaks off is named: %s', (_what, given, line, column) => {
  expect(checkNotebook('x.ipynb', given).problems).toMatchObject([{ code: 'json', line, column }]);
});

// Seen to fail with one pattern for a whole string: "Maximum call stack size exceeded".
test('beside a bare NaN a picture of 15 MB is read too', () => {
  const picture = 'x'.repeat(15 * 1024 * 1024);
  const given = `{"nbformat":4,"nbformat_minor":5,"metadata":{"x":NaN},"cells":[{"id":"a","cell_type":"raw","metadata":{},"source":"\\"${picture}"}]}`;
  const read = checkNotebook('x.ipynb', given);
  expect(read.state === 'good' && read.notebook.cells[0]?.source.length).toBe(picture.length + 1);
});

test('bare NaN and infinities become null and are counted; the same words in a string stay', () => {
  const given = '{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"id":"a","cell_type":"code","metadata":{"x":[NaN,-Infinity,Infinity]},"source":"NaN, \\"-Infinity","outputs":[],"execution_count":1}]}';
  const read = checkNotebook('x.ipynb', given);
  expect(read.problems).toEqual([{ severity: 'note', code: 'nan', file: 'x.ipynb', say: expect.stringContaining('3 times') as string }]);
  expect(read.state === 'good' && read.notebook.cells[0]).toMatchObject({ source: 'NaN, "-Infinity', rest: { metadata: { x: [null, null, null] } } });
});
