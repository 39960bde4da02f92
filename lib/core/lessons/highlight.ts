import { classHighlighter, highlightCode } from '@lezer/highlight';
import { parser } from '@lezer/python';

export type Token = { text: string; className?: string };

const longest = 200_000;

/** Python as runs of text with the classes CodeMirror gives them (`tok-*`), so that nothing changes its looks when the editor arrives. */
export function highlightPython(source: string): Token[] {
  if (source.length > longest) return [{ text: source }];
  const tokens: Token[] = [];
  highlightCode(
    source,
    parser.parse(source),
    classHighlighter,
    (text, classes) => tokens.push(classes ? { text, className: classes } : { text }),
    () => tokens.push({ text: '\n' }),
  );
  return tokens;
}
