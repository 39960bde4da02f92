import { createHash } from 'node:crypto';
import { canonical, isObject, type Json, type JsonObject } from '../lessons/json.ts';
import { notebookFile, parseNotebook } from '../lessons/notebook.ts';

/**
 * A notebook's content without what a save by Jupyter changes and nobody wrote: order and spacing of the JSON, text in
 * lines or in one piece, and `trusted` marks. Undefined for what is no notebook; then only equal bytes are equal.
 */
export function canonicalNotebook(bytes: Uint8Array): string | undefined {
  const notebook = parseNotebook(new TextDecoder().decode(bytes));
  if (!notebook.ok) return undefined;
  return JSON.stringify(canonical(withoutTrust(notebookFile(notebook.value))));
}

/** Names that content: equal for equal ones. */
export function canonicalHash(bytes: Uint8Array): string | undefined {
  const text = canonicalNotebook(bytes);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
}

/** Whether two files hold the same notebook. */
export function sameNotebook(one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [canonicalNotebook(one), canonicalNotebook(other)];
  return a !== undefined && a === b;
}

function withoutTrust(notebook: Json): Json {
  if (!isObject(notebook) || !Array.isArray(notebook.cells)) return notebook;
  const cells = notebook.cells.map((cell) => (isObject(cell) && isObject(cell.metadata) ? { ...cell, metadata: without(cell.metadata, 'trusted') } : cell));
  // A reader writes the minor format it knows; that alone is nobody's change.
  return { ...without(notebook, 'nbformat_minor'), cells };
}

const without = (object: JsonObject, key: string): JsonObject => Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
