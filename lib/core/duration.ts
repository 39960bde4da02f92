/** A length of time as a sentence says it, rounded up: "15 minutes", "an hour", "a day". What is said of a limit comes from the limit. */
export function durationInWords(seconds: number): string {
  if (seconds < 90) return many(Math.ceil(seconds), 'second');
  if (seconds <= 55 * 60) return many(Math.ceil(seconds / 60), 'minute');
  if (seconds <= 23 * 3600) return many(Math.ceil(seconds / 3600), 'hour');
  return many(Math.ceil(seconds / 86_400), 'day');
}

const many = (count: number, unit: string) => (count === 1 ? `${unit === 'hour' ? 'an' : 'a'} ${unit}` : `${count} ${unit}s`);
