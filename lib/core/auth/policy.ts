export type PolicyInput = {
  nonce: string;
  site: URL;
  /** Notebook origins are below this domain, with the site's scheme and port. */
  notebookDomain: string;
  /** The development server evaluates strings and reloads styles. */
  development: boolean;
};

/** The site's Content-Security-Policy: scripts by nonce, connections and frames to notebooks and nowhere else. */
export function policyFor({ nonce, site, notebookDomain, development }: PolicyInput): string {
  const port = site.port && `:${site.port}`;
  const notebooks = `${site.protocol}//*.${notebookDomain}${port}`;
  const sockets = `${site.protocol === 'https:' ? 'wss:' : 'ws:'}//*.${notebookDomain}${port}`;
  const directives: Record<string, string> = {
    'default-src': "'self'",
    'script-src': `'nonce-${nonce}' 'strict-dynamic'${development ? " 'unsafe-eval'" : ''}`,
    // KaTeX sets styles on its elements.
    'style-src': "'self' 'unsafe-inline'",
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'media-src': "'self' blob:",
    'connect-src': `'self' ${notebooks} ${sockets}`,
    'frame-src': `'self' ${notebooks}`,
    'worker-src': "'self'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'self'",
    'frame-ancestors': "'none'",
  };
  return Object.entries(directives)
    .map((directive) => directive.join(' '))
    .join('; ');
}
