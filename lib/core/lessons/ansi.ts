import Anser from 'anser';

/** A run of text in one look. Colours are one of the sixteen names, or `rgb(r, g, b)`. */
export type Span = { text: string; bold?: true; italic?: true; underline?: true; dim?: true; color?: string; background?: string };

/**
 * What a terminal would show after carriage returns and backspaces: progress bars overwrite their line instead of piling up.
 * Escape sequences take no column and stay where they were written.
 */
export function applyControls(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text
    .replaceAll(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => (/[\r\b]/.test(line) ? overwrite(line) : line))
    .join('\n');
}

// One column holds the escape sequences written just before its character, then the character.
function overwrite(line: string): string {
  let columns: string[] = [];
  let at = 0;
  let pending = '';
  for (const token of line.match(/\u001b\[[0-9;?]*[A-Za-z]|\r|\u0008|[^]/gu) ?? []) {
    if (token === '\r') at = 0;
    else if (token === '\b') at = Math.max(0, at - 1);
    else if (token.startsWith('\u001b[')) {
      if (/^\u001b\[0?K$/.test(token)) columns = columns.slice(0, at);
      else if (token === '\u001b[2K') columns = [];
      else pending += token;
    } else {
      while (columns.length < at) columns.push(' ');
      columns[at++] = pending + token;
      pending = '';
    }
  }
  return columns.join('') + pending;
}

/** Text with ANSI escapes as runs of one look each. Never HTML: the caller renders text. */
export function ansiSpans(text: string): Span[] {
  const shown = applyControls(text);
  if (!shown.includes('\u001b')) return shown === '' ? [] : [{ text: shown }];
  return Anser.ansiToJson(shown, { use_classes: true, json: true, remove_empty: true })
    .filter((entry) => entry.content !== '')
    .map((entry) => {
      const has = (decoration: string) => entry.decorations.some((each) => each === decoration);
      const [fg, bg] = has('reverse') ? [entry.bg, entry.fg] : [entry.fg, entry.bg];
      return {
        text: entry.content,
        ...(has('bold') && { bold: true as const }),
        ...(has('italic') && { italic: true as const }),
        ...(has('underline') && { underline: true as const }),
        ...(has('dim') && { dim: true as const }),
        ...(colour(fg, entry.fg_truecolor) && { color: colour(fg, entry.fg_truecolor) }),
        ...(colour(bg, entry.bg_truecolor) && { background: colour(bg, entry.bg_truecolor) }),
      };
    });
}

function colour(name: string | null, rgb: string | null): string | undefined {
  if (!name) return undefined;
  if (name.startsWith('ansi-palette-')) return palette(Number(name.slice('ansi-palette-'.length)));
  if (name === 'ansi-truecolor') return rgb && /^\d{1,3}, ?\d{1,3}, ?\d{1,3}$/.test(rgb) ? `rgb(${rgb})` : undefined;
  return /^ansi-(bright-)?(black|red|green|yellow|blue|magenta|cyan|white)$/.test(name) ? name.slice('ansi-'.length) : undefined;
}

/** xterm's 256 colours past the first sixteen: a cube of six steps a channel, then greys. */
function palette(n: number): string | undefined {
  if (!Number.isInteger(n) || n < 16 || n > 255) return undefined;
  if (n >= 232) {
    const grey = 8 + (n - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const step = (x: number) => (x === 0 ? 0 : 55 + x * 40);
  const i = n - 16;
  return `rgb(${step(Math.floor(i / 36))}, ${step(Math.floor(i / 6) % 6)}, ${step(i % 6)})`;
}
