/** What people type is smaller. Whatever is larger is a large write: it has less of the hour's budget, and stops above the floor of free disk. */
export const SMALL_BYTES = 1024 * 1024;

/** A size as people read it. */
export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(bytes < 100 * 1024 * 1024 ? 1 : 0)} MB`;
