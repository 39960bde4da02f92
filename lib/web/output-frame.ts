import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputFramePage, outputFramePolicy } from '../core/lessons/output-frame.ts';
import { siteHub } from './hub.ts';

/** The document in which active outputs run. The same for everybody; what it shows comes through a message port. */
export async function outputFrame(): Promise<Response> {
  const { config } = await siteHub();
  return new Response(outputFramePage, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': outputFramePolicy(config.site.origin), 'cache-control': 'public, max-age=3600', 'cross-origin-resource-policy': 'cross-origin' },
  });
}

/** Plotly's own bundle from npm, 4.7 MB, for which a browser asks once a day. Sent as it is: Next takes a content-encoding off a route's answer. */
export async function plotlyBundle(): Promise<Response> {
  const bytes = await readFile(join(/* turbopackIgnore: true */ process.cwd(), 'node_modules/plotly.js-dist-min/plotly.min.js'));
  return new Response(bytes, {
    headers: {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=86400',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}
