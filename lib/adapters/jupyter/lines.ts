import { BrokenProtocol } from '../../core/errors.ts';

const NEWLINE = 10;

/**
 * The lines of a stream, the empty ones too, without their ends. Each byte is looked at once, however the stream is cut.
 * @throws BrokenProtocol for a line longer than so many bytes, without waiting for its end
 */
export async function* lines(bytes: AsyncIterable<Uint8Array>, mostBytes: number, doing: string): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const piece = chunk.subarray(start, end < 0 ? undefined : end);
      if (length + piece.length > mostBytes) throw new BrokenProtocol(doing, `a line of more than ${mostBytes} bytes`);
      if (piece.length > 0) held.push(piece);
      length += piece.length;
      if (end < 0) break;
      yield Buffer.concat(held).toString('utf8');
      [held, length, start] = [[], 0, end + 1];
    }
  }
}
