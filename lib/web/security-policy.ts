import { readEnvironment } from '../config/read.ts';
import { isDevelopment } from '../config/mode.ts';
import { policyFor } from '../core/auth/policy.ts';

let settings: ReturnType<typeof readEnvironment>['config'] | undefined;

/** What a page is sent with besides the headers of next.config.mjs. Reads the settings by itself: the proxy opens no database. */
export function pageHeaders(nonce: string): Record<string, string> {
  settings ??= readEnvironment().config;
  const { site, notebookDomain } = settings;
  return {
    'content-security-policy': policyFor({ nonce, site, notebookDomain, development: isDevelopment }),
    ...(site.protocol === 'https:' && { 'strict-transport-security': 'max-age=31536000' }),
  };
}
