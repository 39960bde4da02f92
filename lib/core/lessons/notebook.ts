import { ok, refuse, type Outcome } from '../errors.ts';
import { canonical, fingerprint, isObject, nesting, type Json, type JsonObject } from './json.ts';

export type MimeBundle = JsonObject;

/** What a cell printed or showed. `rest` are the fields this version of Lectern does not know, kept for the next reader. */
export type Output =
  | { kind: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { kind: 'display'; data: MimeBundle; metadata: JsonObject }
  | { kind: 'result'; data: MimeBundle; metadata: JsonObject; executionCount: number | null }
  | { kind: 'error'; name: string; value: string; traceback: string[] }
  | { kind: 'other'; raw: JsonObject };

export type Cell = { id: string; source: string; rest: JsonObject } & (
  | { type: 'code'; outputs: Output[]; executionCount: number | null }
  | { type: 'markdown' | 'raw'; attachments: { [name: string]: MimeBundle } }
);

/** A notebook of nbformat 4, its cells in order, each with an id of its own. */
export type Notebook = { cells: Cell[]; metadata: JsonObject; rest: JsonObject };

export const notebookLimits = { bytes: 64 * 1024 * 1024, depth: 200, cells: 20_000 };

/**
 * Reads any notebook of nbformat 4, whoever wrote it: a missing or doubled id gets one that depends on the content only, so
 * that site and browser agree; lines are joined; what is unknown is kept; what is malformed in a cell is left out.
 */
export function parseNotebook(text: string): Outcome<Notebook> {
  if (text.length > notebookLimits.bytes) return refuse({ code: 'too_large', say: 'This notebook is too large to be shown here.', limitBytes: notebookLimits.bytes });
  if (nesting(text) > notebookLimits.depth) return notANotebook('Its contents are nested too deeply.');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return notANotebook('It is not valid JSON.');
  }
  return isObject(raw) ? readNotebook(raw) : notANotebook('It is not a JSON object.');
}

/** The same of what was parsed already. */
export function readNotebook(raw: JsonObject): Outcome<Notebook> {
  if (raw.nbformat !== 4) return notANotebook('Only notebooks of format 4 can be read; open and save it in a current Jupyter first.');
  if (!Array.isArray(raw.cells)) return notANotebook('It has no list of cells.');
  if (raw.cells.length > notebookLimits.cells) return notANotebook(`It has more than ${notebookLimits.cells} cells.`);

  const taken = new Set<string>();
  const cells = raw.cells.flatMap((cell) => {
    const read = isObject(cell) ? readCell(cell) : undefined;
    if (!read) return [];
    return [{ ...read, id: freeId(read, taken) }];
  });
  return ok({ cells, metadata: isObject(raw.metadata) ? raw.metadata : {}, rest: without(raw, 'cells', 'metadata', '__proto__') });
}

const notANotebook = (why: string) => refuse({ code: 'invalid', say: `This file cannot be read as a notebook. ${why}` });

const without = (object: JsonObject, ...keys: string[]): JsonObject => Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));

const joined = (value: Json | undefined): string => (typeof value === 'string' ? value : Array.isArray(value) && value.every((line) => typeof line === 'string') ? value.join('') : '');

const count = (value: Json | undefined): number | null => (typeof value === 'number' && Number.isSafeInteger(value) ? value : null);

function readCell(raw: JsonObject): Cell | undefined {
  const id = typeof raw.id === 'string' ? raw.id : '';
  const source = joined(raw.source);
  if (raw.cell_type === 'code') {
    const outputs = Array.isArray(raw.outputs) ? raw.outputs.filter(isObject).map(readOutput) : [];
    return { type: 'code', id, source, outputs, executionCount: count(raw.execution_count), rest: without(raw, 'id', 'source', 'outputs', 'execution_count', 'cell_type', '__proto__') };
  }
  if (raw.cell_type === 'markdown' || raw.cell_type === 'raw') {
    const attachments = isObject(raw.attachments) ? Object.fromEntries(Object.entries(raw.attachments).flatMap(([name, bundle]) => (isObject(bundle) ? [[name, joinedBundle(bundle)]] : []))) : {};
    return { type: raw.cell_type, id, source, attachments, rest: without(raw, 'id', 'source', 'attachments', 'cell_type', '__proto__') };
  }
  return undefined;
}

/** Reads one output as it stands in a notebook file. */
export function readOutput(raw: JsonObject): Output {
  switch (raw.output_type) {
    case 'stream':
      return { kind: 'stream', name: raw.name === 'stderr' ? 'stderr' : 'stdout', text: joined(raw.text) };
    case 'display_data':
      return { kind: 'display', data: joinedBundle(raw.data), metadata: isObject(raw.metadata) ? raw.metadata : {} };
    case 'execute_result':
      return { kind: 'result', data: joinedBundle(raw.data), metadata: isObject(raw.metadata) ? raw.metadata : {}, executionCount: count(raw.execution_count) };
    case 'error': {
      const traceback = Array.isArray(raw.traceback) ? raw.traceback.filter((line) => typeof line === 'string') : [];
      return { kind: 'error', name: joined(raw.ename), value: joined(raw.evalue), traceback };
    }
    default:
      return { kind: 'other', raw };
  }
}

const isJsonMime = (mime: string) => mime === 'application/json' || (mime.startsWith('application/') && mime.endsWith('+json'));

function joinedBundle(raw: Json | undefined): MimeBundle {
  if (!isObject(raw)) return {};
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([mime]) => mime !== '__proto__')
      .map(([mime, value]) => [mime, !isJsonMime(mime) && Array.isArray(value) ? joined(value) : value]),
  );
}

/** nbformat's own pattern. Ids must fit it, because they become parts of element ids and of messages to the kernel. */
export const isCellId = (id: string): boolean => /^[a-zA-Z0-9_-]{1,64}$/.test(id);

function freeId(cell: Cell, taken: Set<string>): string {
  const wanted = isCellId(cell.id) ? cell.id : `c-${fingerprint(`${cell.type}\n${cell.source}`)}`;
  let id = wanted;
  for (let n = 2; taken.has(id); n++) id = `${wanted.slice(0, 56)}-${n}`;
  taken.add(id);
  return id;
}

/** The file's text as Jupyter itself would write it (keys in order, indent 1, lines split), so that a save by either looks the same. */
export const serialiseNotebook = (notebook: Notebook): string => `${JSON.stringify(canonical(notebookFile(notebook)), undefined, 1)}\n`;

/** What such a text holds, in any order of its keys. */
export const notebookFile = (notebook: Notebook): JsonObject => ({
  ...notebook.rest,
  nbformat: 4,
  nbformat_minor: Math.max(5, count(notebook.rest.nbformat_minor) ?? 5),
  metadata: notebook.metadata,
  cells: notebook.cells.map(writeCell),
});

function writeCell(cell: Cell): JsonObject {
  const metadata = isObject(cell.rest.metadata) ? without(cell.rest.metadata, 'trusted') : {};
  const common = { ...cell.rest, metadata, cell_type: cell.type, id: cell.id, source: lines(cell.source) };
  if (cell.type === 'code') return { ...common, outputs: cell.outputs.map(writeOutput), execution_count: cell.executionCount };
  const attachments = Object.fromEntries(Object.entries(cell.attachments).map(([name, bundle]) => [name, splitBundle(bundle)]));
  return Object.keys(attachments).length > 0 ? { ...common, attachments } : common;
}

/** The output as it stands in a notebook file. */
export function writeOutput(output: Output): JsonObject {
  switch (output.kind) {
    case 'stream':
      return { output_type: 'stream', name: output.name, text: lines(output.text) };
    case 'display':
      return { output_type: 'display_data', data: splitBundle(output.data), metadata: output.metadata };
    case 'result':
      return { output_type: 'execute_result', data: splitBundle(output.data), metadata: output.metadata, execution_count: output.executionCount };
    case 'error':
      return { output_type: 'error', ename: output.name, evalue: output.value, traceback: output.traceback };
    case 'other':
      return output.raw;
  }
}

const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

const isSplitMime = (mime: string) => mime.startsWith('text/') || mime === 'application/javascript' || mime === 'image/svg+xml';

const splitBundle = (bundle: MimeBundle): JsonObject => Object.fromEntries(Object.entries(bundle).map(([mime, value]) => [mime, typeof value === 'string' && isSplitMime(mime) ? lines(value) : value]));

/** Names what a cell shows below itself: equal for equal outputs. */
export const outputsFingerprint = (outputs: Output[]): string => (outputs.length === 0 ? '' : fingerprint(JSON.stringify(canonical(outputs.map(writeOutput)))));

/** A new, empty cell. */
export function makeCell(type: 'code' | 'markdown', id: string): Cell {
  return type === 'code' ? { type, id, source: '', outputs: [], executionCount: null, rest: { metadata: {} } } : { type, id, source: '', attachments: {}, rest: { metadata: {} } };
}
