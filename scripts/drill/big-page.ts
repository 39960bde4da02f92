import { pause } from './browser.ts';
import type { Browser } from './browser.ts';
import type { Learner } from './people.ts';

const MB = 1 << 20;
const line = (length: number, letter: string) => `${letter.repeat(length - 1)}\n`;

/** What code shows, a megabyte of it. */
const outputs = [
  () => ({ output_type: 'stream', name: 'stdout', text: line(100, 'x').repeat(MB / 100) }),
  () => ({ output_type: 'display_data', metadata: {}, data: { 'image/png': Buffer.alloc(MB * 0.75).toString('base64'), 'text/plain': '<Figure>' } }),
  () => ({ output_type: 'display_data', metadata: {}, data: { 'text/html': `<table>${'<tr><td>1</td><td>some words</td></tr>'.repeat(MB / 40)}</table>`, 'text/plain': 'a table' } }),
];

/** A notebook with so many megabytes of outputs, of every kind alike. */
export const bigNotebook = (megabytes: number): string =>
  JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: Array.from({ length: megabytes }, (_, n) => ({ id: `big-${n}`, cell_type: 'code', source: `show(${n})`, metadata: {}, execution_count: n, outputs: [outputs[n % outputs.length]!()] })),
  });

/** Puts a notebook of so many megabytes in the place of the learner's own. */
export async function saveBig(browser: Browser, { path }: Learner, megabytes: number): Promise<void> {
  const at = `/api/workspaces/${browser.workspace!.id}/files/${path}`;
  const { headers } = (await browser.site(at))!;
  const saved = await browser.site(at, { method: 'PUT', body: bigNotebook(megabytes), headers: { 'if-match': String(headers.etag) }, withinMs: 300_000 });
  if (saved?.status !== 200) throw new Error(`the notebook of ${megabytes} MB was not saved: ${saved?.status} ${saved?.text.slice(0, 200)}`);
}

/** Opens the lesson's page, one after the other. @returns bytes of one */
export async function openPages(browser: Browser, page: string, times: number): Promise<number> {
  let bytes = 0;
  for (let n = 0; n < times; n += 1) {
    const opened = await browser.site(page, { headers: { accept: 'text/html' }, withinMs: 300_000 });
    if (opened?.status !== 200) throw new Error(`the page was answered ${opened?.status}`);
    bytes = opened.text.length;
    await pause(20);
  }
  return bytes;
}
