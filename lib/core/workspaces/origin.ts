import type { WorkspaceKey } from '../ids.ts';

type Site = { site: URL; notebookDomain: string };

const KEY = /^[a-z][a-z2-7]{19}$/;

export const isWorkspaceKey = (text: string): text is WorkspaceKey => KEY.test(text);

/** The browser origin of one workspace: the site's scheme and port, the key as the first label. */
export const notebookOrigin = ({ site, notebookDomain }: Site, key: WorkspaceKey): string =>
  `${site.protocol}//${key}.${notebookDomain}${site.port && `:${site.port}`}`;

/**
 * The workspace key a `Host` header names, with or without a port; undefined for any other host. Hosts are compared
 * without case, as browsers send them; a trailing dot, a second label or a foreign domain is nobody's.
 */
export function keyOfHost(host: string, notebookDomain: string): WorkspaceKey | undefined {
  const [, label, domain] = /^([^.:]+)\.([^:]+)(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return label && domain === notebookDomain.toLowerCase() && isWorkspaceKey(label) ? label : undefined;
}
