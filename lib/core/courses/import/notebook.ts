import { isObject, nesting, type Json, type JsonObject } from '../../lessons/json.ts';
import { parseNotebook, serialiseNotebook, type Notebook } from '../../lessons/notebook.ts';
import { importLimits } from './limits.ts';
import type { Problem } from './report.ts';

/** The one kernel servers have. */
const KERNEL = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };

export type CheckedNotebook = { state: 'good'; notebook: Notebook; text: string; problems: Problem[] } | { state: 'bad'; problems: Problem[] };

/**
 * Everything that can be said about one notebook by itself. A good one comes back as Jupyter would write it: format 4.5, an
 * id in each cell, the kernel that runs here.
 */
export function checkNotebook(file: string, text: string): CheckedNotebook {
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], code: Problem['code'], say: string, cell?: number) => problems.push({ severity, code, file, say, ...(cell === undefined ? {} : { cell }) });
  const bad = (code: Problem['code'], say: string, where: Partial<Problem> = {}): CheckedNotebook => ({ state: 'bad', problems: [{ severity: 'error', code, file, say, ...where }] });

  // Before JSON.parse: what it builds from a deep text overflows the stack of whoever walks it.
  if (nesting(text) > importLimits.depth) return bad('too_deep', `Its contents are nested deeper than ${importLimits.depth} levels. No notebook needs that.`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    const place = placeOf(error, text);
    return bad('json', `This is not valid JSON: it breaks off at line ${place.line}, column ${place.column}. Open and save it in JupyterLab.`, place);
  }
  if (!isObject(raw)) return bad('structure', 'A notebook is a JSON object; this file holds something else.');
  const format = formatProblem(raw);
  if (format) return bad('nbformat', format);
  if (!Array.isArray(raw.cells)) return bad('structure', 'It has no list of cells.');
  if (raw.cells.length > importLimits.cells) return bad('too_many', `It has ${raw.cells.length} cells; a lesson may have ${importLimits.cells}.`);
  if (holdsPrototype(raw)) return bad('forbidden_key', 'It has a key named “__proto__”, which no notebook needs and which is used for attacks.');

  checkIds(raw.cells, add);
  raw.cells.forEach((cell, index) => {
    if (!isObject(cell) || !['code', 'markdown', 'raw'].includes(String(cell.cell_type))) add('error', 'structure', 'This is no code, Markdown or raw cell.', index + 1);
  });
  checkKernel(raw.metadata, add);
  const parsed = parseNotebook(text);
  if (!parsed.ok) return bad('structure', parsed.refusal.say);
  parsed.value.cells.forEach((cell, index) => {
    if (cell.type === 'code' && cell.outputs.some((output) => (output.kind === 'display' || output.kind === 'result') && isActive(output.data))) {
      add('note', 'active_output', 'Its saved output holds a script. Learners see it in a closed frame of its own.', index + 1);
    }
  });
  if (problems.some((problem) => problem.severity === 'error')) return { state: 'bad', problems };
  const notebook = { ...parsed.value, metadata: { ...parsed.value.metadata, kernelspec: KERNEL } };
  return { state: 'good', notebook, text: serialiseNotebook(notebook), problems };
}

function formatProblem(raw: JsonObject): string | undefined {
  if (raw.nbformat === 4) return undefined;
  if (typeof raw.nbformat === 'number' && raw.nbformat > 4) return `It has notebook format ${raw.nbformat}, which is newer than Lectern knows (4).`;
  const version = typeof raw.nbformat === 'number' ? `notebook format ${raw.nbformat}` : 'no notebook format';
  return `It has ${version}; Lectern takes format 4. Open and save it in JupyterLab, or run “jupyter nbconvert --to notebook --nbformat 4 --inplace”, and upload it again.`;
}

type Add = (severity: Problem['severity'], code: Problem['code'], say: string, cell?: number) => void;

/** Two cells of one id are a mistake of a merge or a copy: progress, drafts and checks are kept by id, so a person must say which is which. */
function checkIds(cells: Json[], add: Add): void {
  const seen = new Map<string, number>();
  let missing = 0;
  cells.forEach((cell, index) => {
    const id = isObject(cell) ? cell.id : undefined;
    if (typeof id !== 'string') return (missing += 1);
    const first = seen.get(id);
    if (first === undefined) return seen.set(id, index + 1);
    add('error', 'duplicate_id', `Has the same id as cell ${first} (“${id.slice(0, 64)}”). Delete the “id” line of one of them, or save the notebook in JupyterLab.`, index + 1);
  });
  if (missing > 0) add('note', 'missing_id', missing === 1 ? 'One cell without an id gets one.' : `${missing} cells without ids get them (format 4.5).`);
}

function checkKernel(metadata: Json | undefined, add: Add): void {
  const [spec, info] = isObject(metadata) ? [metadata.kernelspec, metadata.language_info] : [];
  const language = [isObject(spec) ? spec.language : undefined, isObject(info) ? info.name : undefined].find((value) => typeof value === 'string');
  const name = isObject(spec) && typeof spec.name === 'string' ? spec.name : undefined;
  const other = language !== undefined ? language.toLowerCase() !== 'python' : name !== undefined && /^(ir|julia|xcpp|javascript|deno|bash|sos|octave|matlab|scala|spark|rust|evcxr)/i.test(name);
  if (other) add('error', 'kernel', `It is written for the kernel “${(name ?? language ?? '').slice(0, 60)}”. Servers here run Python 3 only.`);
  else if (name !== undefined && name !== 'python3') add('warning', 'kernel', `It asks for the kernel “${name.slice(0, 60)}”, which is not known here; it will run with Python 3. Check that it needs no other packages.`);
}

const isActive = (data: JsonObject): boolean =>
  Object.entries(data).some(([mime, value]) =>
    mime === 'text/html' ? typeof value === 'string' && /<script[\s>]/i.test(value) : /^application\/(javascript|vnd\.(plotly|jupyter\.widget-view|bokehjs|vega))/.test(mime),
  );

/** Walks without recursion; `nesting` has bounded the depth, and the file's size the breadth. */
function holdsPrototype(root: JsonObject): boolean {
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) return true;
    for (const child of Array.isArray(value) ? value : Object.values(value)) if (typeof child === 'object' && child !== null) open.push(child);
  }
  return false;
}

/** Node says “at position 123” where it knows; an unexpected end is the end. */
function placeOf(error: unknown, text: string): { line: number; column: number } {
  const position = error instanceof Error ? Number(/at position (\d+)/.exec(error.message)?.[1] ?? text.length) : text.length;
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  return { line, column: position - before.lastIndexOf('\n') };
}
