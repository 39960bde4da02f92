import { isObject, nesting, type Json, type JsonObject } from '../../lessons/json.ts';
import { isCellId, readNotebook, serialiseNotebook, type Cell, type Notebook } from '../../lessons/notebook.ts';
import { identify, whyNotJson, withoutNaN } from './identify.ts';
import { importLimits } from './limits.ts';
import { repairCell, repairNotebookMetadata } from './repair.ts';
import type { Problem } from './report.ts';

/** The one kernel servers have. */
const KERNEL = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };

export type CheckedNotebook = { state: 'good'; notebook: Notebook; text: string; problems: Problem[] } | { state: 'bad'; problems: Problem[] };

/** The same, of a file that is to be a notebook. */
function checkFile(file: string, bytes: Uint8Array): CheckedNotebook {
  const found = identify(file, bytes);
  if (found.is === 'other') return { state: 'bad', problems: [found.problem] };
  const notebook = checkNotebook(file, found.text);
  return { ...notebook, problems: [...found.problems, ...notebook.problems] };
}

/** The same, as far as a course is planned from it or it is kept: without what it shows, or without all but its text. */
export function checkedFor(to: 'plan' | 'keep', file: string, bytes: Uint8Array): CheckedNotebook {
  const checked = checkFile(file, bytes);
  if (checked.state === 'bad') return checked;
  if (to === 'keep') return { ...checked, notebook: { cells: [], metadata: {}, rest: {} } };
  const cells = checked.notebook.cells.map((cell): Cell => ({ ...cell, ...(cell.type === 'code' ? { outputs: [] } : { attachments: {} }), rest: {} }) as Cell);
  return { ...checked, text: '', notebook: { cells, metadata: {}, rest: {} } };
}

/**
 * Everything that can be said about one notebook by itself. A good one comes back as Jupyter would write it: format 4.5, an
 * id in each cell, the kernel that runs here.
 */
export function checkNotebook(file: string, given: string): CheckedNotebook {
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], code: Problem['code'], say: string, cell?: number) => problems.push({ severity, code, file, say, ...(cell === undefined ? {} : { cell }) });
  const bad = (code: Problem['code'], say: string, where: Partial<Problem> = {}): CheckedNotebook => ({ state: 'bad', problems: [{ severity: 'error', code, file, say, ...where }] });

  // Before JSON.parse: what it builds from a deep text overflows the stack of whoever walks it.
  if (nesting(given) > importLimits.depth) return bad('too_deep', `Its contents are nested deeper than ${importLimits.depth} levels. No notebook needs that.`);
  const raw = jsonOf(given, add);
  if (raw === undefined) {
    const { code, say, ...place } = whyNotJson(given);
    return bad(code, say, place);
  }
  if (!isObject(raw)) return bad('structure', 'A notebook is a JSON object; this file holds something else.');
  const format = formatProblem(raw);
  if (format) return bad('nbformat', format);
  if (!Array.isArray(raw.cells)) return bad('structure', 'It has no list of cells.');
  if (raw.cells.length > importLimits.cells) return bad('too_many', `It has ${raw.cells.length} cells; a lesson may have ${importLimits.cells}.`);
  if (holdsPrototype(raw)) return bad('forbidden_key', 'It has a key named “__proto__”, which no notebook needs and which is used for attacks.');

  checkIds(raw.cells, hasIds(raw), add);
  const cells = raw.cells.map((cell, index) => {
    const { value, said } = repairCell(cell);
    for (const { severity, code, say } of said) add(severity, code, say, index + 1);
    return value;
  });
  const metadata = repairNotebookMetadata(raw.metadata);
  for (const { severity, code, say } of metadata.said) add(severity, code, say);
  checkKernel(metadata.value, add);
  // Of its other fields the format knows none.
  const parsed = readNotebook({ nbformat: 4, nbformat_minor: 5, metadata: metadata.value, cells });
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

/** What the text holds, with bare NaNs as nulls; undefined where it is no JSON. */
function jsonOf(text: string, add: Add): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const without = withoutNaN(text);
    if (without.count === 0) return undefined;
    try {
      const value: unknown = JSON.parse(without.text);
      add('note', 'nan', `NaN or an infinity stands in it ${without.count === 1 ? 'once' : `${without.count} times`}, which JSON does not have; null stands there now.`);
      return value;
    } catch {
      return undefined;
    }
  }
}

/** Before format 4.5 a cell has no id, and what is called one is anybody's. */
const hasIds = ({ nbformat_minor: minor }: JsonObject) => typeof minor !== 'number' || minor >= 5;

/** Ids that two cells have, or that are none, are made anew: nobody has any work in a course that is only being made. */
function checkIds(cells: Json[], count: boolean, add: Add): void {
  const seen = new Map<string, number>();
  let missing = 0;
  cells.forEach((cell, index) => {
    const id = isObject(cell) ? cell.id : undefined;
    if (typeof id !== 'string') return (missing += 1);
    const first = seen.get(id);
    if (first === undefined) seen.set(id, index + 1);
    if (!count) return undefined;
    if (first !== undefined) add('note', 'duplicate_id', `Has the same id as cell ${first} (“${id.slice(0, 64)}”); it gets one of its own.`, index + 1);
    else if (!isCellId(id)) add('note', 'duplicate_id', 'Its id has characters or a length that no id has; it gets another one.', index + 1);
    return undefined;
  });
  if (missing > 0) add('note', 'missing_id', missing === 1 ? 'One cell without an id gets one.' : `${missing} cells without ids get them (format 4.5).`);
}

/** How Python is called by those who write notebooks: the language, the shell, or a kernel in the language's place. */
const PYTHON = ['python', 'python3', 'ipython', 'ipython3'];
/** Kernels of other languages by their usual names; conda's end with the language's letters (nb_conda_kernels). */
const OTHER_KERNELS = /^(ir|julia|xcpp|javascript|deno|bash|sos|octave|matlab|scala|spark|rust|evcxr)|^conda-.*-(r|ir|jl|julia)$/i;

function checkKernel(metadata: JsonObject, add: Add): void {
  const { kernelspec: spec, language_info: info } = metadata;
  const language = [isObject(spec) ? spec.language : undefined, isObject(info) ? info.name : undefined].find((value) => typeof value === 'string' && value.trim() !== '') as string | undefined;
  const name = isObject(spec) && typeof spec.name === 'string' && spec.name !== '' ? spec.name : undefined;
  const isPython = language === undefined ? !(name && OTHER_KERNELS.test(name)) : PYTHON.includes(language.trim().toLowerCase());
  if (!isPython) add('error', 'kernel', `It is written for the kernel “${(name ?? language ?? '').slice(0, 60)}”. Servers here run Python 3 only.`);
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
