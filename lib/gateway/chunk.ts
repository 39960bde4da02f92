const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COLON, COMMA] = [...Buffer.from('"\\{}[]:,')] as [number, number, number, number, number, number, number, number];
const NAME = 'chunk';

export type ChunkReader = { read(piece: Uint8Array): void; /** The number of the chunk; none when the body is a whole file. */ found(): number | undefined };

/**
 * Finds the top-level `chunk` of a JSON body while it passes: JupyterLab sends a large file in numbered pieces, the last
 * one as -1. The body itself, which may be hundreds of megabytes, is neither held nor parsed.
 */
export function readChunkNumber(): ChunkReader {
  let depth = 0;
  let inText = false;
  let escaped = false;
  let isName = false;
  let text = '';
  let value: string | undefined;
  let found: number | undefined;

  function structure(byte: number) {
    if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    if (byte === CLOSE || byte === CLOSE_LIST || byte === COMMA) {
      if (depth === 1 && value !== undefined) [found, value] = [/^\s*-?\d+\s*$/.test(value) ? Number(value) : found, undefined];
      if (byte !== COMMA) depth -= 1;
    }
    if (depth !== 1) return;
    if (byte === OPEN || byte === COMMA) [isName, text] = [true, ''];
    else if (byte === COLON && isName) [isName, value] = [false, text === NAME ? '' : undefined];
  }

  return {
    read(piece) {
      for (let i = 0; i < piece.length; i += 1) {
        const byte = piece[i]!;
        if (inText) {
          if (byte === QUOTE && !escaped) inText = false;
          // A name with an escape in it is longer than ours and so another one.
          else if (depth === 1 && isName && text.length <= NAME.length) text += String.fromCharCode(byte);
          escaped = byte === BACKSLASH && !escaped;
        } else if (byte === QUOTE) inText = true;
        else if (byte === OPEN || byte === CLOSE || byte === OPEN_LIST || byte === CLOSE_LIST || byte === COLON || byte === COMMA) structure(byte);
        else if (depth === 1 && value !== undefined && value.length < 20) value += String.fromCharCode(byte);
      }
    },
    found: () => found,
  };
}
