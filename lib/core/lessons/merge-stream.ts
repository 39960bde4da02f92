import type { Output } from './notebook.ts';

/** Adds an output after the others; text of one stream that follows itself becomes one output, as Jupyter saves it. */
export function mergeOutput(outputs: Output[], next: Output): Output[] {
  const last = outputs.at(-1);
  if (next.kind === 'stream' && last?.kind === 'stream' && last.name === next.name) {
    return [...outputs.slice(0, -1), { ...last, text: last.text + next.text }];
  }
  return [...outputs, next];
}
