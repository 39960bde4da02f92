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

let plotly: Promise<Buffer<ArrayBuffer>> | undefined;

/** Plotly's own bundle from npm. Compressed once: 4.7 MB become 1.4. */
export async function plotlyBundle(): Promise<Response> {
  plotly ??= readFile(join(/* turbopackIgnore: true */ process.cwd(), 'node_modules/plotly.js-dist-min/plotly.min.js')).then((bytes) => promisify(gzip)(bytes, { level: 9 }));
  const bytes = await plotly.catch((cause: unknown) => {
    plotly = undefined;
    throw cause;
  });
  return new Response(bytes, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}
