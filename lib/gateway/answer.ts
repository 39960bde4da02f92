import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Flat } from './headers.ts';

/** An answer of the gateway's own. `say` is for the person in front of it; `retryS` makes a page look again by itself. */
export type Own = { status: number; code: string; say: string; retryS?: number; allow?: string };

export const notFound = (): Own => ({ status: 404, code: 'not_found', say: 'There is nothing at this address.' });
export const malformed = (): Own => ({ status: 400, code: 'invalid', say: 'That address cannot be read in one way only, so it was not read at all.' });
export const forbidden = (say: string): Own => ({ status: 403, code: 'forbidden', say });
export const unavailable = (say: string, retryS = 3): Own => ({ status: 503, code: 'unavailable', say, retryS });
export const methodNotAllowed = (allow: string): Own => ({ status: 405, code: 'invalid', say: 'That is not possible here.', allow });

export const noServer = () => unavailable('Your notebook server is not running. Run a cell on the lesson page to get a new one; this page then goes on by itself.');
export const noPass = () => forbidden('A notebook is opened from its lesson page. Open the lesson again.');
export const databaseAway = () => unavailable('Lectern cannot reach its database just now. Your work is kept; this page tries again by itself.');
export const unproven = () => unavailable('Your notebook server cannot be reached just now. This page tries again by itself.');
export const siteAway = () => unavailable('Lectern is starting. This page tries again by itself.', 2);

/** As a page for people and as JSON for programs: JupyterLab shows `message`. @param headers those every answer of this origin has */
export function answer(request: IncomingMessage, response: ServerResponse, own: Own, headers: Flat = []) {
  if (response.headersSent) return response.destroy();
  const page = wantsPage(request);
  const body = page ? toPage(own) : JSON.stringify({ message: own.say, code: own.code });
  const own_: Flat = ['content-type', page ? 'text/html; charset=utf-8' : 'application/json', 'content-length', String(Buffer.byteLength(body)), 'cache-control', 'no-store'];
  if (own.retryS !== undefined) own_.push('retry-after', String(own.retryS));
  if (own.allow !== undefined) own_.push('allow', own.allow);
  // A body nobody reads would be taken for the next request, or kept waiting for.
  if (!request.complete) own_.push('connection', 'close');
  response.writeHead(own.status, [...headers, ...own_]);
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The same for an upgrade, where there is a bare socket only; it is closed. */
export function answerSocket(socket: Duplex, own: Own, headers: Flat = []) {
  const body = JSON.stringify({ message: own.say, code: own.code });
  const lines = [`HTTP/1.1 ${own.status} ${STATUS_CODES[own.status] ?? ''}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  lastWords(socket, `${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Time for the other side to read the answer before the connection is cut. */
const LINGER_MS = 1_000;

/** Writes, then closes: what still comes in is read and dropped, because unread bytes would make the kernel cut the answer off. */
export function lastWords(socket: Duplex, text: string | Buffer) {
  if (socket.destroyed) return;
  socket.on('error', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.end(text);
  socket.resume();
}

const wantsPage = ({ headers }: IncomingMessage) => headers['sec-fetch-mode'] === 'navigate' || (headers['sec-fetch-mode'] === undefined && headers.accept?.includes('text/html') === true);

const toPage = ({ say, retryS }: Own) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Lectern</title>${retryS === undefined ? '' : `<meta http-equiv="refresh" content="${retryS}">`}
<style>:root{color-scheme:light dark}body{font:1rem/1.6 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center}main{max-width:32rem;padding:2rem}</style></head>
<body><main role="status"><p>${say}</p></main></body></html>
`;
