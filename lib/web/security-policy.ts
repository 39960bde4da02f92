import { readEnvironment } from '../config/read.ts';
import { isDevelopment } from '../config/mode.ts';
import { policyFor } from '../core/auth/policy.ts';

let settings: ReturnType<typeof readEnvironment>['config'] | undefined;

/** The policy of one page. Reads the settings by itself: the proxy needs no database and must not open one. */
export function securityPolicy(nonce: string): string {
  settings ??= readEnvironment().config;
  return policyFor({ nonce, site: settings.site, notebookDomain: settings.notebookDomain, development: isDevelopment });
}
