export type ByteRange = { state: 'whole' } | { state: 'part'; first: number; last: number } | { state: 'unsatisfiable' };

/**
 * What a Range header asks for, of `size` bytes (RFC 9110). Several ranges at once, and what is not understood, get the whole:
 * both are allowed, and players ask for one.
 */
export function rangeOf(header: string | null, size: number): ByteRange {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return { state: 'whole' };
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { state: 'unsatisfiable' } : { state: 'part', first: size - length, last: size - 1 };
  }
  if (last !== '' && Number(last) < Number(first)) return { state: 'whole' };
  if (Number(first) >= size) return { state: 'unsatisfiable' };
  return { state: 'part', first: Number(first), last: Math.min(last === '' ? size - 1 : Number(last), size - 1) };
}

/** The bytes `first` to `last` of a stream, inclusive; the source is left as soon as they are through. */
export async function* sliceOf(bytes: AsyncIterable<Uint8Array>, first: number, last: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of bytes) {
    const [from, to] = [Math.max(first - at, 0), Math.min(last + 1 - at, chunk.length)];
    if (from < to) yield chunk.subarray(from, to);
    at += chunk.length;
    if (at > last) return;
  }
}
