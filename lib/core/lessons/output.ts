import { isObject, type Json, type JsonObject } from './json.ts';
import type { MimeBundle, Output } from './notebook.ts';

/** How an output is shown. `active` runs scripts and is only ever shown in the output frame; `html` is not yet sanitised. */
export type OutputView =
  | { kind: 'text'; text: string; stream: 'stdout' | 'stderr' | 'result' }
  | { kind: 'error'; name: string; text: string }
  | { kind: 'html'; html: string; plain: string }
  | { kind: 'markdown'; source: string }
  | { kind: 'latex'; source: string }
  | { kind: 'image'; src: string; alt: string; width?: number; height?: number }
  | { kind: 'json'; text: string }
  | { kind: 'active'; what: 'plotly'; figure: Json }
  | { kind: 'active'; what: 'html'; html: string }
  | { kind: 'unsupported'; text: string };

/** Shown as a safe tree (render.ts). */
export type RichView = Extract<OutputView, { kind: 'html' | 'markdown' | 'latex' }>;

export const isRich = (view: OutputView): view is RichView => view.kind === 'html' || view.kind === 'markdown' || view.kind === 'latex';

/** The text it is rendered from. */
export const sourceOf = (view: RichView): string => (view.kind === 'html' ? view.html : view.source);

/** The view of one output, by what tells the reader most: a figure before a picture, a picture before a table, text last. */
export function viewOf(output: Output): OutputView {
  switch (output.kind) {
    case 'stream':
      return { kind: 'text', text: output.text, stream: output.name };
    case 'error':
      return { kind: 'error', name: output.name, text: output.traceback.length > 0 ? output.traceback.join('\n') : `${output.name}: ${output.value}` };
    case 'display':
    case 'result':
      return bundleView(output.data, output.metadata);
    case 'other':
      return { kind: 'unsupported', text: 'An output of a kind that is not shown here.' };
  }
}

const imageTypes = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function bundleView(data: MimeBundle, metadata: JsonObject): OutputView {
  const text = (mime: string): string | undefined => (typeof data[mime] === 'string' ? data[mime] : undefined);
  const plain = text('text/plain') ?? '';

  const figure = data['application/vnd.plotly.v1+json'];
  if (isObject(figure)) return { kind: 'active', what: 'plotly', figure };
  if ('application/vnd.jupyter.widget-view+json' in data) {
    return { kind: 'unsupported', text: 'This output is an interactive widget. Open the lesson in JupyterLab to use it.' };
  }
  const html = text('text/html');
  if (html !== undefined) return needsScripts(html) ? { kind: 'active', what: 'html', html } : { kind: 'html', html, plain };
  const markdown = text('text/markdown');
  if (markdown !== undefined) return { kind: 'markdown', source: markdown };
  const svg = text('image/svg+xml');
  // Only ever inside <img>, where a browser runs no script of an SVG and loads nothing for it.
  if (svg !== undefined) return { kind: 'image', src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`, alt: altOf(plain), ...sizeOf(metadata['image/svg+xml']) };
  for (const mime of imageTypes) {
    const base64 = text(mime)?.replaceAll(/\s/g, '');
    if (base64 !== undefined && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return { kind: 'image', src: `data:${mime};base64,${base64}`, alt: altOf(plain), ...sizeOf(metadata[mime]) };
  }
  const latex = text('text/latex');
  if (latex !== undefined) return { kind: 'latex', source: latex };
  const script = text('application/javascript');
  if (script !== undefined) return { kind: 'active', what: 'html', html: `<script>${script.replaceAll('</script', '<\\/script')}</script>` };
  const json = data['application/json'];
  if (json !== undefined && plain === '') return { kind: 'json', text: JSON.stringify(json, undefined, 2) };
  return { kind: 'text', text: plain, stream: 'result' };
}

/** Whether HTML would do nothing once sanitised. Only chooses where it is shown; neither place lets it reach the page. */
export const needsScripts = (html: string): boolean => /<(script|iframe|canvas|object|embed)[\s>/]/i.test(html);

const altOf = (plain: string) => (plain === '' || /^<.*>$/s.test(plain) ? 'Picture made by this cell' : plain.slice(0, 200));

function sizeOf(metadata: Json | undefined): { width?: number; height?: number } {
  const pixels = (value: Json | undefined) => (typeof value === 'number' && value > 0 && value < 10_000 ? Math.round(value) : undefined);
  return isObject(metadata) ? { width: pixels(metadata.width), height: pixels(metadata.height) } : {};
}
