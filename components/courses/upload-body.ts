/** The body of an upload: a line that lists the files, then their bytes. The browser reads them from disk as it sends. */
export function uploadBody(files: readonly File[]): Blob {
  const list = files.map((file) => ({ name: file.webkitRelativePath || file.name, size: file.size }));
  return new Blob([`${JSON.stringify(list)}\n`, ...files]);
}

export const totalSize = (files: readonly File[]): number => files.reduce((sum, file) => sum + file.size, 0);

/** A size for people, with one digit where that says something. */
export function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const [unit, divisor] = bytes < 1024 * 1024 ? ['KB', 1024] : ['MB', 1024 * 1024];
  const value = bytes / (divisor as number);
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
