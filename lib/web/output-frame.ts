import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { outputFramePage, outputFramePolicy } from '../core/lessons/output-frame.ts';
import { siteHub } from './hub.ts';

/** The document in which active outputs run. The same for everybody; what it shows comes through a message port. */
export async function outputFrame(): Promise<Response> {
  const { config } = await siteHub();
  return new Response(outputFramePage, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': outputFramePolicy(config.site.origin), 'cache-control': 'public, max-age=3600', 'cross-origin-resource-policy': 'cross-origin' },
  });
}

/** Plotly's own bundle from npm: 4.7 MB, and 1.4 compressed, which is done once. A browser asks for it once a day. */
export async function plotlyBundle(request: Request): Promise<Response> {
  const isPacked = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
  return new Response(new Uint8Array(await (isPacked ? (packed ??= bundle().then((bytes) => pack(bytes))) : bundle())), {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      ...(isPacked && { 'content-encoding': 'gzip' }),
      vary: 'accept-encoding',
      'cache-control': 'public, max-age=86400',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}

const pack = promisify(gzip);
const bundle = () => readFile(join(/* turbopackIgnore: true */ process.cwd(), 'node_modules/plotly.js-dist-min/plotly.min.js'));
let packed: Promise<Buffer> | undefined;
