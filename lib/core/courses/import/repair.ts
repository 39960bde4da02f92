import { isObject, type Json, type JsonObject } from '../../lessons/json.ts';
import type { Problem } from './report.ts';

/** A cell or the notebook with what nbformat would refuse made right, and a sentence for each thing that was. */
type Repaired<T> = { value: T; said: Said[] };
type Said = { code: Extract<Problem['code'], 'repaired' | 'unknown_cell'>; severity: 'note' | 'warning'; say: string };

const note = (say: string): Said => ({ code: 'repaired', severity: 'note', say });

/** What each kind of cell may have by the schema of nbformat 4.5, besides `id`. */
const FIELDS: { [type: string]: string[] } = {
  code: ['cell_type', 'id', 'metadata', 'source', 'outputs', 'execution_count'],
  markdown: ['cell_type', 'id', 'metadata', 'source', 'attachments'],
  raw: ['cell_type', 'id', 'metadata', 'source', 'attachments'],
};

/** The schema's types of the fields it knows of a cell's metadata; whatever else is there is anybody's. */
const METADATA: { [name: string]: (value: Json) => boolean } = {
  collapsed: (value) => typeof value === 'boolean',
  scrolled: (value) => typeof value === 'boolean' || value === 'auto',
  deletable: (value) => typeof value === 'boolean',
  editable: (value) => typeof value === 'boolean',
  format: (value) => typeof value === 'string',
  jupyter: isObject,
  execution: (value) => isObject(value) && Object.values(value).every((when) => typeof when === 'string'),
  name: (value) => typeof value === 'string' && value !== '',
  tags: (value) => Array.isArray(value) && new Set(value).size === value.length && value.every((tag) => typeof tag === 'string' && /^[^,]+$/.test(tag)),
};

/** One cell of a file, as nbformat's schema has it. What it held stays readable: an unknown kind comes in as a raw cell. */
export function repairCell(raw: Json): Repaired<JsonObject> {
  if (!isObject(raw)) return { value: { cell_type: 'raw', metadata: {}, source: JSON.stringify(raw) }, said: [{ code: 'unknown_cell', severity: 'warning', say: 'This is no cell; what stood here comes in as a raw cell.' }] };
  const said: Said[] = [];
  const cell = { ...raw };
  const type = String(cell.cell_type);
  if (!(type in FIELDS)) {
    const level = type === 'heading' && typeof cell.level === 'number' ? Math.min(6, Math.max(1, Math.round(cell.level))) : undefined;
    said.push(level ? note('A heading of an older format is a Markdown cell now.') : { code: 'unknown_cell', severity: 'warning', say: `It is of the unknown kind “${type.slice(0, 40)}” and comes in as a raw cell.` });
    cell.cell_type = level ? 'markdown' : 'raw';
    if (level) cell.source = `${'#'.repeat(level)} ${sourceOf(cell.source).text}`;
  }
  const source = sourceOf(cell.source);
  if (source.say) said.push(note(source.say));
  cell.source = source.text;
  const allowed = FIELDS[String(cell.cell_type)]!;
  const extra = Object.keys(cell).filter((name) => !allowed.includes(name));
  for (const name of extra) delete cell[name];
  const lost = extra.filter((name) => name !== 'level' && !isEmpty(raw[name]));
  if (lost.length > 0) said.push(note(`${lost.slice(0, 3).map((name) => `“${name.slice(0, 40)}”`).join(', ')} ${lost.length === 1 ? 'is' : 'are'} left out: a ${String(cell.cell_type)} cell has no such field.`));
  repairMetadata(cell, said);
  if (cell.cell_type === 'code') repairCode(cell, said);
  else if (cell.attachments !== undefined) repairAttachments(cell, said);
  return { value: cell, said };
}

const isEmpty = (value: Json | undefined) => value === undefined || value === null || (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);

function sourceOf(source: Json | undefined): { text: string; say?: string } {
  if (typeof source === 'string') return { text: source };
  if (!Array.isArray(source)) return { text: '', say: 'It has no source; it is empty now.' };
  const lines = source.filter((line) => typeof line === 'string');
  const say = lines.length < source.length ? 'What was no text in its source is left out.' : undefined;
  // Jupyter cuts a source behind its line ends; a list without any was made by other hands, line by line.
  if (lines.length > 1 && lines.every((line) => !line.includes('\n'))) return { text: lines.join('\n'), say: say ?? 'The lines of its source had no ends; they have them now.' };
  return { text: lines.join(''), say };
}

function repairMetadata(cell: JsonObject, said: Said[]): void {
  if (!isObject(cell.metadata)) {
    if (!isEmpty(cell.metadata)) said.push(note('Its metadata is left out: it is no object.'));
    cell.metadata = {};
    return;
  }
  const metadata = { ...cell.metadata };
  for (const [name, fits] of Object.entries(METADATA)) {
    if (metadata[name] === undefined || fits(metadata[name])) continue;
    const tags = name === 'tags' && Array.isArray(metadata.tags) ? [...new Set(metadata.tags.flatMap((tag) => (typeof tag === 'string' ? tag.split(',').map((one) => one.trim()).filter(Boolean) : [])))] : undefined;
    if (tags) metadata.tags = tags;
    else delete metadata[name];
    said.push(note(tags ? 'Its tags are in order now.' : `“${name}” in its metadata is left out: it is not of the kind it should be.`));
  }
  cell.metadata = metadata;
}

function repairCode(cell: JsonObject, said: Said[]): void {
  const count = cell.execution_count;
  if (!(count === null || (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0))) {
    if (count !== undefined) said.push(note(`Its number of execution (${JSON.stringify(count).slice(0, 20)}) is none; it has not been run.`));
    cell.execution_count = null;
  }
  const outputs = Array.isArray(cell.outputs) ? cell.outputs : [];
  const good = outputs.filter((output) => isObject(output) && ['stream', 'display_data', 'execute_result', 'error'].includes(String(output.output_type)));
  if (good.length < outputs.length || !(Array.isArray(cell.outputs) || isEmpty(cell.outputs))) said.push(note('An output of an unknown kind is left out.'));
  cell.outputs = good.map((output) => repairOutput(output as JsonObject));
}

function repairAttachments(cell: JsonObject, said: Said[]): void {
  if (isObject(cell.attachments)) cell.attachments = Object.fromEntries(Object.entries(cell.attachments).map(([name, bundle]) => [name, showable(bundle)]));
  else {
    delete cell.attachments;
    said.push(note('Its attachments are left out: they are no files with names.'));
  }
}

function repairOutput(output: JsonObject): JsonObject {
  const whole: JsonObject = 'data' in output ? { ...output, data: showable(output.data) } : { ...output };
  if (typeof whole.execution_count === 'number' && whole.execution_count < 0) whole.execution_count = null;
  return whole;
}

/** Of a bundle only what is text, or JSON by its type; the rest no reader could show. */
function showable(bundle: Json | undefined): JsonObject {
  if (!isObject(bundle)) return {};
  return Object.fromEntries(Object.entries(bundle).filter(([mime, value]) => typeof value === 'string' || (Array.isArray(value) && value.every((line) => typeof line === 'string')) || /^application\/(.*\+)?json$/.test(mime)));
}

/** The notebook's own metadata: what the schema types there, and only that, can be wrong. */
export function repairNotebookMetadata(raw: Json | undefined): Repaired<JsonObject> {
  if (!isObject(raw)) return { value: {}, said: isEmpty(raw) ? [] : [note('The metadata of the notebook is left out: it is no object.')] };
  const metadata = { ...raw };
  const wrong = [
    ...(metadata.language_info !== undefined && !(isObject(metadata.language_info) && typeof metadata.language_info.name === 'string') ? ['language_info'] : []),
    ...(metadata.authors !== undefined && !Array.isArray(metadata.authors) ? ['authors'] : []),
    ...(metadata.title !== undefined && typeof metadata.title !== 'string' ? ['title'] : []),
    ...(metadata.orig_nbformat !== undefined && !(typeof metadata.orig_nbformat === 'number' && Number.isSafeInteger(metadata.orig_nbformat) && metadata.orig_nbformat >= 1) ? ['orig_nbformat'] : []),
  ];
  for (const name of wrong) delete metadata[name];
  return { value: metadata, said: wrong.map((name) => note(`“${name}” in the notebook’s metadata is left out: it is not of the kind it should be.`)) };
}
