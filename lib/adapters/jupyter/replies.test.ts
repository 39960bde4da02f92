import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokenProtocol } from '../../core/errors.ts';
import { parsed } from './agents.ts';
import { Event, Identity, Listed, Opened, PutBackSaid, Status } from './replies.ts';

const schemas = { Event, Identity, Listed, Opened, PutBackSaid, Status };
const sha256 = 'a'.repeat(64);
const entry = { kind: 'file', path: 'a.txt', size: 1, sha256, modifiedMs: 1 };
const kernel = { kernelId: 'k', path: null, state: 'idle', waitingForInput: false };
/** One good reply of each, to be spoilt. */
const good = {
  Event: { kind: 'executed', kernelId: 'k', path: 'a.ipynb' },
  Identity: { proof: sha256 },
  Listed: { entries: [entry, { kind: 'directory', path: 'b' }], complete: true },
  Opened: { sessionId: 's', kernelId: 'k' },
  PutBackSaid: { written: { 'a.txt': sha256 }, refused: [{ path: 'b', why: 'denied' }] },
  Status: { nowMs: 1, lastInputMs: 0, lastBusyMs: 0, kernels: [kernel], terminals: 0, diskUsedBytes: 0, diskSizeBytes: 1 },
};

/** Either it fits, or our own error says that it does not. */
function isSettled(name: keyof typeof schemas, text: string | Buffer): 'fits' | 'refused' {
  try {
    parsed('fuzz', text, schemas[name]);
    return 'fits';
  } catch (error) {
    expect(error).toBeInstanceOf(BrokenProtocol);
    // Of what the stranger said a log gets a hundred characters at most, and none that a terminal obeys.
    expect((error as Error).message).toMatch(/^[^\p{Cc}]{1,250}$/u);
    return 'refused';
  }
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The same with whatever `given` is in place of the part that `at` leads to. */
function spoilt(whole: Json, at: number[], given: Json): Json {
  const [next, ...rest] = at;
  if (next === undefined || whole === null || typeof whole !== 'object') return given;
  const keys = Object.keys(whole);
  const key = keys[next % keys.length];
  if (key === undefined) return given;
  const inner = spoilt((whole as { [key: string]: Json })[key]!, rest, given);
  return Array.isArray(whole) ? whole.map((one, index) => (index === Number(key) ? inner : one)) : { ...whole, [key]: inner };
}

const names = Object.keys(schemas) as (keyof typeof schemas)[];

test.each(names)('T39 T40 a good %s fits, so that what is refused below is refused for what was spoilt', (name) => {
  expect(isSettled(name, JSON.stringify(good[name]))).toBe('fits');
});

// Seen to fail with text that is no JSON left to its own error; and for put-back with the path in the error not made printable.
test.each(names)('T39 T40 whatever bytes come for %s, and whatever is in place of a part of it, fit or are refused by our own error', (name) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void isSettled(name, Buffer.from(bytes))), { numRuns: 300 });
  fc.assert(fc.property(fc.json(), (text) => void isSettled(name, text)), { numRuns: 300 });
  fc.assert(
    fc.property(fc.array(fc.nat(10), { maxLength: 4 }), fc.jsonValue({ stringUnit: 'binary' }), (at, given) => void isSettled(name, JSON.stringify(spoilt(good[name], at, given as Json)))),
    { numRuns: 500 },
  );
});

// Seen to fail with the path in the error not cut, or not made printable.
test('T39 a name of the stranger’s in the error is cut and has no control characters', () => {
  const name = `\u001b[2J${'n'.repeat(900)}`;
  expect(isSettled('PutBackSaid', JSON.stringify({ written: { [name]: 'none' }, refused: [] }))).toBe('refused');
});
