import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeFrame, followFrames, PING } from './frames.ts';

/** A frame as a server sends it; `fill` makes payloads that look like heads. */
function frame(length: number, fill: number, opcode = 2): Buffer {
  const payload = Buffer.alloc(length, fill);
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

test('a place between two frames is known, however the stream is cut up', () => {
  const frames = fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 130 }), fc.constantFrom(65_535, 65_536, 70_000)), fc.constantFrom(0x00, 0x7e, 0x7f, 0x81, 0x88, 0x89, 0xff)), { maxLength: 6 });
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 9_000 }), (sizes, step) => {
      const whole = sizes.map(([length, fill]) => frame(length, fill));
      const ends = new Set(whole.reduce<number[]>((sums, each) => [...sums, sums.at(-1)! + each.length], [0]));
      const stream = Buffer.concat(whole);
      const follower = followFrames();
      const wrong: number[] = [];
      for (let at = 0; at < stream.length; at += step) {
        follower.pass(stream.subarray(at, at + step));
        const passed = Math.min(stream.length, at + step);
        if (follower.open() !== ends.has(passed)) wrong.push(passed);
      }
      expect(wrong).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('after a close nothing more may be said, and a ping of a server’s own changes nothing', () => {
  const follower = followFrames();
  follower.pass(PING);
  expect(follower.open()).toBe(true);
  follower.pass(closeFrame(1000));
  expect(follower.open()).toBe(false);
});
