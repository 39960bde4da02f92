// What one cell, and one page, may ask of the parsers of Markdown, formulas and HTML. Some take time that grows with the square of what
// they are given: measured on one core, 16,000 marks of emphasis took 2.5 s, 4,000 took 0.3 s.

/** Of one text: where the slowest kind of mark takes 0.3 s. The longest cell of the demonstration course has 600 characters and 42 marks. */
export const proseBudget = { characters: 100_000, lines: 3_000, marks: 4_000 } as const;
/** Of one text's formulas: each takes 0.1 ms, and a long one more. */
export const formulaBudget = { count: 1_000, characters: 5_000 } as const;
/** Of one HTML output: its tags past this many are left out. A table of 1,000 rows and nine columns has them. */
export const htmlBudget = { characters: 2_000_000, tags: 20_000 } as const;
/** Of one cell's code: some six thousand colours. What is longer is shown without. */
export const codeBudget = 20_000;
/** Up to here a text is prepared where everybody's requests run, in some two milliseconds: to send it to a worker costs half as much. */
const lightProse = { characters: 2_000, lines: 80, marks: 150 } as const;
const lightHtml = { characters: 10_000, tags: 200 } as const;
const lightCode = 5_000;
/**
 * Of one page's first paint. Each node of a tree, and each piece of code in a colour, takes 10 us of the web program's loop and 90 bytes of the
 * page; one table at its budget has 40,000.
 */
export const pageBudget = { renderMs: 3_000, outputs: 2_000, nodes: 50_000 } as const;

const MARKS = new Set('*_~`[]()!<>$&\\#|^@'.split('').map((mark) => mark.charCodeAt(0)));
const NEWLINE = 10;

/** Whether a text is past what Markdown may cost; each character is looked at once at the most. */
export function isPastBudget(source: string, most: { characters: number; lines: number; marks: number } = proseBudget): boolean {
  if (source.length > most.characters) return true;
  let [marks, lines] = [0, 0];
  for (let i = 0; i < source.length; i += 1) {
    const code = source.charCodeAt(i);
    if (code === NEWLINE) lines += 1;
    else if (MARKS.has(code)) marks += 1;
    if (marks > most.marks || lines > most.lines) return true;
  }
  return false;
}

/** Whether preparing it is so little that nobody notices. Never of formulas: a short one can be long to typeset. */
export function isLight(kind: 'markdown' | 'latex' | 'html' | 'code', source: string): boolean {
  if (kind === 'code') return source.length <= lightCode;
  if (kind === 'html') return source.length <= lightHtml.characters && !withinTags(source, lightHtml.tags).isCut;
  return kind === 'markdown' && !isPastBudget(source, lightProse) && !/[$]|\\begin/.test(source);
}

/** The beginning of an HTML text with so many tags, and whether anything was left out. What is open at the cut is closed by the parser. */
export function withinTags(html: string, most: number = htmlBudget.tags): { html: string; isCut: boolean } {
  let at = -1;
  for (let tags = 0; tags <= most; tags += 1) {
    at = html.indexOf('<', at + 1);
    if (at < 0) return { html, isCut: false };
  }
  return { html: html.slice(0, at), isCut: true };
}
