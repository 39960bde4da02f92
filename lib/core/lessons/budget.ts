// What one cell, and one page, may ask of the parsers of Markdown, formulas and HTML. They run where everybody's requests run, and some
// take time that grows with the square of what they are given: measured on one core, 16,000 marks of emphasis took 2.5 s, 4,000 took 0.3 s.

/** Of one text: where the slowest kind of mark takes 0.3 s. The longest cell of the demonstration course has 600 characters and 42 marks. */
export const proseBudget = { characters: 100_000, lines: 3_000, marks: 4_000 } as const;
/** Of one text's formulas: each takes 0.1 ms, and a long one more. */
export const formulaBudget = { count: 1_000, characters: 5_000 } as const;
/** Of one HTML output: its tags past this many are left out. A table of 1,000 rows and nine columns has them. */
export const htmlBudget = { characters: 2_000_000, tags: 20_000 } as const;
/** Of one page's first paint. */
export const pageBudget = { renderMs: 2_000, outputs: 2_000 } as const;

const MARKS = new Set('*_~`[]()!<>$&\\#|^@'.split('').map((mark) => mark.charCodeAt(0)));
const NEWLINE = 10;

/** Whether a text is past what Markdown may cost; each character is looked at once at the most. */
export function isPastBudget(source: string): boolean {
  if (source.length > proseBudget.characters) return true;
  let [marks, lines] = [0, 0];
  for (let i = 0; i < source.length; i += 1) {
    const code = source.charCodeAt(i);
    if (code === NEWLINE) lines += 1;
    else if (MARKS.has(code)) marks += 1;
    if (marks > proseBudget.marks || lines > proseBudget.lines) return true;
  }
  return false;
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

/** The time one page may take to be prepared. Once it is over, what is not known yet is shown as it was typed. */
export function makePageClock(ms: number = pageBudget.renderMs, now: () => number = () => performance.now()): { isOver(): boolean } {
  const end = now() + ms;
  return { isOver: () => now() > end };
}
