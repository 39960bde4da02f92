/** The editor's code, which is fetched once. Undefined when it cannot be had now. */
export const loadEditor = () => import('./editor.client.ts').catch(() => undefined);
