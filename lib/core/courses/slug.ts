/** Long enough for any title, short enough for an address that can be read out. */
const SLUG_LENGTH = 60;

/** Parts of the site's addresses below /courses and /teach that a course cannot take. */
const RESERVED = new Set(['new', 'all', 'settings']);

export const isSlug = (value: string): boolean => value.length <= SLUG_LENGTH && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value) && !RESERVED.has(value);

/** A readable address part: lower-case ASCII words with hyphens. Letters without an ASCII form are left out. */
export function slugOf(title: string, fallback: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’']/g, '')
    .replace(/[^a-z0-9]+/g, '-');
  const slug = words.slice(0, SLUG_LENGTH).replace(/^-+|-+$/g, '');
  if (slug === '') return fallback;
  return RESERVED.has(slug) ? `${slug}-course` : slug;
}

/** The slug, or the first of `slug-2`, `slug-3`, ... that is free. */
export function freeSlug(slug: string, isTaken: (slug: string) => boolean): string {
  if (!isTaken(slug)) return slug;
  for (let n = 2; ; n++) {
    const candidate = `${slug.slice(0, SLUG_LENGTH - 6)}-${n}`;
    if (!isTaken(candidate)) return candidate;
  }
}
