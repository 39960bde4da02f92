/** Rows of cells as a table; the first row is its head. */
export function table([head = [], ...rows]: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The text with `inside` between its two marks, which stay. @throws where it has no such marks */
export function between(text: string, [begin, end]: readonly [string, string], inside: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`there is no ${begin} ... ${end}`);
  return `${text.slice(0, from + begin.length)}\n${inside}\n${text.slice(to)}`;
}
