import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readChunkNumber } from './chunk.ts';

function read(text: string, pieceLength = 7): number | undefined {
  const reader = readChunkNumber();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceLength) reader.read(bytes.subarray(at, at + pieceLength));
  return reader.found();
}

test('the number of a chunk is found wherever it stands', () => {
  expect(read(JSON.stringify({ type: 'file', format: 'base64', chunk: 3, content: 'AAAA' }))).toBe(3);
  expect(read(JSON.stringify({ content: 'AAAA', chunk: -1 }, undefined, 2))).toBe(-1);
  expect(read('{"chunk" : 12}')).toBe(12);
});

test('a whole file has none, whatever stands inside it', () => {
  expect(read(JSON.stringify({ type: 'notebook', content: { chunk: 5, cells: [{ source: '{"chunk": 1}' }] } }))).toBeUndefined();
  expect(read(JSON.stringify({ name: '"chunk": 4', path: 'chunk', chunk: null }))).toBeUndefined();
  expect(read(JSON.stringify([{ chunk: 1 }]))).toBeUndefined();
});

test('it says the same as parsing the whole body', () => {
  const body = fc.dictionary(fc.constantFrom('chunk', 'content', 'chunk"', 'a\\'), fc.oneof(fc.integer({ min: -1, max: 999 }), fc.json(), fc.array(fc.string()), fc.dictionary(fc.string(), fc.integer())));
  fc.assert(
    fc.property(body, fc.integer({ min: 1, max: 9 }), (value, pieceLength) => {
      const chunk = Object.hasOwn(value, 'chunk') ? value.chunk : undefined;
      expect(read(JSON.stringify(value), pieceLength)).toBe(typeof chunk === 'number' ? chunk : undefined);
    }),
  );
});
