import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenProtocol } from '../../core/errors.ts';
import { lines } from './lines.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

async function read(chunks: Uint8Array[], most: number): Promise<string[] | 'too long'> {
  const got: string[] = [];
  try {
    for await (const line of lines((async function* () { yield* chunks; })(), most, 'listen')) got.push(line);
    return got;
  } catch (error) {
    expect(error).toBeInstanceOf(BrokenProtocol);
    return 'too long';
  }
}

// Newlines often, so that there are lines.
const bytes = fc.array(fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 255 })), { maxLength: 300 }).map((all) => Uint8Array.from(all));

// Seen to fail with what is left of a chunk forgotten, and with the length not begun anew after a line.
test('T40 lines are the same however their bytes were cut, and none is longer than its limit', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(300), { maxLength: 8 }), fc.integer({ min: 1, max: 300 }), async (all, cuts, most) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
      const chunks = at.slice(1).map((end, index) => all.subarray(at[index], end));
      const pieces: Uint8Array[] = [];
      for (let start = 0; start <= all.length; ) {
        const found = all.indexOf(10, start);
        const end = found < 0 ? all.length : found;
        pieces.push(all.subarray(start, end));
        start = end + 1;
      }
      const tooLong = pieces.some(({ length }) => length > most);
      const whole = pieces.slice(0, -1).map(text);
      expect(await read(chunks, most)).toEqual(tooLong ? 'too long' : whole);
    }),
    { numRuns: 300 },
  );
});
