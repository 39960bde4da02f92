import { visit } from 'jsonc-parser';
import type { Problem } from './report.ts';

/** A file that is to be a notebook: its text, or what it is instead. */
export type Identified = { is: 'text'; text: string; problems: Problem[] } | { is: 'other'; problem: Problem };

/** What is known by its first bytes, and what to do about it. */
const MAGIC: { bytes: number[]; say: string }[] = [
  { bytes: [0x50, 0x4b, 3, 4], say: 'This is a zip archive with a notebook’s name. Call it .zip and upload that, or unpack it first.' },
  { bytes: [0x1f, 0x8b], say: 'This is a file compressed with gzip. Unpack it first.' },
  { bytes: [0x25, 0x50, 0x44, 0x46], say: 'This is a PDF with a notebook’s name. Take the notebook it was printed from.' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], say: 'This is a picture with a notebook’s name.' },
];
/** Of a text without a mark at its start, so much is looked at for every second byte being zero. */
const LOOKED_AT = 512;

/** Reads the bytes as text, in UTF-8 or UTF-16, or says what they are. */
export function identify(file: string, bytes: Uint8Array): Identified {
  const other = (code: Problem['code'], say: string): Identified => ({ is: 'other', problem: { severity: 'error', code, file, say } });
  if (bytes.length === 0) return other('empty', 'This file is empty. Save the notebook again, or leave the file out.');
  const known = MAGIC.find((magic) => magic.bytes.every((byte, i) => bytes[i] === byte));
  if (known) return other('not_a_notebook', known.say);
  const wide = utf16(bytes);
  const text = decoded(bytes, wide ?? 'utf-8');
  if (text === undefined) return other('json', wide ? 'This looks like UTF-16 text and is damaged. Open and save it in JupyterLab.' : 'This is not UTF-8 text. Open and save it in JupyterLab.');
  if (text.trim() === '') return other('empty', 'There is nothing but blanks in this file. Save the notebook again, or leave the file out.');
  return { is: 'text', text, problems: wide ? [{ severity: 'note', code: 'encoding', file, say: 'It is UTF-16 text, as some editors of Windows write it; the copy here is UTF-8.' }] : [] };
}

function decoded(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** By the mark at the start or, without one, by the zeros beside characters of ASCII, which JSON mostly is. */
function utf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const start = bytes.subarray(0, LOOKED_AT - (LOOKED_AT % 2));
  const zeros = (from: number) => start.filter((byte, i) => i % 2 === from && byte === 0).length;
  const most = start.length * 0.4;
  return zeros(1) > most ? 'utf-16le' : zeros(0) > most ? 'utf-16be' : undefined;
}

type Place = { line: number; column: number };

/** Why a text is no JSON: what it really is, or where it breaks off. */
export function whyNotJson(text: string): { code: Problem['code']; say: string } & Partial<Place> {
  const start = text.slice(0, 1_000).trimStart();
  if (start.startsWith('version https://git-lfs.github.com/')) return { code: 'not_a_notebook', say: 'This is a pointer of Git LFS; the notebook itself was not downloaded. Run “git lfs pull” and pack the files again.' };
  if (/^<(!doctype|html|\?xml|head|body|!--)/i.test(start)) return { code: 'not_a_notebook', say: 'This is a web page with a notebook’s name. Download the notebook itself; on GitHub that is “Download raw file”.' };
  const merge = /^<{7} .*$/m.exec(text);
  if (merge && /^>{7} /m.test(text)) return { code: 'merge', say: 'A merge by Git was left unfinished: both versions stand here between marks, from this line on. Settle it (“git checkout --ours” or “--theirs” takes one side), save and pack again.', ...placeAt(text, merge.index) };
  if (!/^[{[]/.test(start)) return { code: 'json', say: 'This is no notebook: it does not begin as JSON does. If it is a script, open it in JupyterLab and save it as a notebook.', line: 1, column: 1 };
  const place = placeAt(text, firstError(text));
  return { code: 'json', say: `This is not valid JSON: it breaks off at line ${place.line}, column ${place.column}. Open and save it in JupyterLab.`, ...place };
}

/** Where the text stops being JSON. V8 names the place of most mistakes and not of all. */
function firstError(text: string): number {
  let first = text.length;
  visit(text, { onError: (_code, offset) => (first = Math.min(first, offset)) }, { disallowComments: true });
  return first;
}

function placeAt(text: string, position: number): Place {
  const before = text.slice(0, position);
  return { line: before.split('\n').length, column: position - before.lastIndexOf('\n') };
}

/**
 * Python writes NaN and the infinities bare, which JSON does not have.
 * @returns the text with `null` in their places, and how many there were
 */
export function withoutNaN(text: string): { text: string; count: number } {
  let [count, inString] = [0, false];
  // Mark by mark: a pattern for a whole string overflows its stack at a picture of some megabytes.
  const replaced = text.replaceAll(/\\[^]|"|-?\bInfinity\b|\bNaN\b/g, (found) => {
    if (found === '"') inString = !inString;
    if (inString || found === '"' || found.startsWith('\\')) return found;
    count += 1;
    return 'null';
  });
  return { text: replaced, count };
}
