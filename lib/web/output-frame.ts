import { outputFramePage, outputFramePolicy } from '../core/lessons/output-frame.ts';
import { siteHub } from './hub.ts';

/** The document in which active outputs run. The same for everybody; what it shows comes through a message port. */
export async function outputFrame(): Promise<Response> {
  const { config } = await siteHub();
  return new Response(outputFramePage, {
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': outputFramePolicy(config.site.origin), 'cache-control': 'public, max-age=3600', 'cross-origin-resource-policy': 'cross-origin' },
  });
}
