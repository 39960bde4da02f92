import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeOf, sliceOf } from './range.ts';

test('one range is understood in its three forms', () => {
  expect(rangeOf('bytes=0-9', 100)).toEqual({ state: 'part', first: 0, last: 9 });
  expect(rangeOf('bytes=90-', 100)).toEqual({ state: 'part', first: 90, last: 99 });
  expect(rangeOf('bytes=-5', 100)).toEqual({ state: 'part', first: 95, last: 99 });
  expect(rangeOf('bytes=5-1000', 100)).toEqual({ state: 'part', first: 5, last: 99 });
});

test('what lies past the end cannot be had, and what is not understood gets the whole', () => {
  expect(rangeOf('bytes=100-', 100)).toEqual({ state: 'unsatisfiable' });
  expect(rangeOf('bytes=-0', 100)).toEqual({ state: 'unsatisfiable' });
  expect(rangeOf('bytes=0-', 0)).toEqual({ state: 'unsatisfiable' });
  for (const header of [null, '', 'bytes=-', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=9-2', 'bytes=a-b']) expect(rangeOf(header, 100)).toEqual({ state: 'whole' });
});

test('a slice is the same bytes, however the source is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }), fc.nat(100), fc.nat(100), async (pieces, a, b) => {
      const whole = Buffer.concat(pieces);
      const got: Uint8Array[] = [];
      const source = (async function* () {
        yield* pieces;
      })();
      for await (const chunk of sliceOf(source, a, a + b)) got.push(chunk);
      expect(Buffer.concat(got)).toEqual(whole.subarray(a, a + b + 1));
    }),
  );
});
