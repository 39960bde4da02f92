import { applyControls } from '../../../lib/core/lessons/ansi.ts';
import type { JsonObject } from '../../../lib/core/lessons/json.ts';
import { mergeOutput } from '../../../lib/core/lessons/merge-stream.ts';
import { readOutput, type Output } from '../../../lib/core/lessons/notebook.ts';

/** What a kernel says during one execution. */
export type KernelEvent =
  | { kind: 'output'; output: Output; displayId?: string }
  | { kind: 'update'; displayId: string; data: JsonObject; metadata: JsonObject }
  | { kind: 'clear'; wait: boolean }
  | { kind: 'count'; executionCount: number };

type Message = { type: string; content: JsonObject };

const object = (value: unknown): JsonObject => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {});

/** The event of an IOPub message of Jupyter's protocol; undefined for those that show nothing. */
export function eventOf({ type, content }: Message): KernelEvent | undefined {
  const displayId = object(content.transient).display_id;
  switch (type) {
    case 'stream':
    case 'error':
    case 'display_data':
    case 'execute_result':
      return { kind: 'output', output: readOutput({ ...content, output_type: type }), ...(typeof displayId === 'string' && { displayId }) };
    case 'update_display_data':
      return typeof displayId === 'string' ? { kind: 'update', displayId, data: object(content.data), metadata: object(content.metadata) } : undefined;
    case 'clear_output':
      return { kind: 'clear', wait: content.wait === true };
    case 'execute_input':
      return typeof content.execution_count === 'number' ? { kind: 'count', executionCount: content.execution_count } : undefined;
    default:
      return undefined;
  }
}

/** What a cell shows while and after it runs. `displays` names, by place, the outputs that may be updated later. */
export type Shown = { outputs: Output[]; displays: (string | undefined)[]; clearNext: boolean };

export const nothingShown: Shown = { outputs: [], displays: [], clearNext: false };

/** More than this of one stream is cut in the middle: a loop that prints for ever must not fill the browser and each save. */
export const longestStream = 2_000_000;

/** Applies one event to what its own cell shows. */
export function show(shown: Shown, event: KernelEvent): Shown {
  switch (event.kind) {
    case 'clear':
      return event.wait ? { ...shown, clearNext: true } : nothingShown;
    case 'output': {
      const base = shown.clearNext ? nothingShown : shown;
      const outputs = mergeOutput(base.outputs, event.output);
      const last = outputs.at(-1);
      if (last?.kind === 'stream') outputs[outputs.length - 1] = { ...last, text: bounded(settled(last.text)) };
      const displays = outputs.length > base.outputs.length ? [...base.displays, event.displayId] : base.displays;
      return { outputs, displays, clearNext: false };
    }
    case 'update':
      return update(shown, event);
    case 'count':
      return shown;
  }
}

/** Applies an update of a display, wherever it stands; the very same object when this cell does not show it. */
export function update(shown: Shown, event: Extract<KernelEvent, { kind: 'update' }>): Shown {
  if (!shown.displays.includes(event.displayId)) return shown;
  const outputs = shown.outputs.map((output, i): Output =>
    shown.displays[i] === event.displayId && (output.kind === 'display' || output.kind === 'result') ? { ...output, data: event.data, metadata: event.metadata } : output,
  );
  return { ...shown, outputs };
}

/** Collapses what carriage returns have overwritten for good; the last stretch stays as it is, for what may still come. */
function settled(text: string): string {
  if (!text.includes('\r')) return text;
  const lineStart = text.lastIndexOf('\n') + 1;
  const cut = text.lastIndexOf('\r');
  const before = applyControls(text.slice(0, lineStart));
  if (cut < lineStart) return before + text.slice(lineStart);
  return `${before}${applyControls(text.slice(lineStart, cut))}${text.slice(cut)}`;
}

function bounded(text: string): string {
  if (text.length <= longestStream) return text;
  const half = longestStream / 2 - 100;
  return `${text.slice(0, half)}\n\n[... this output was too long to keep: its middle is left out ...]\n\n${text.slice(-half)}`;
}
